"""certs.py: an authority of the tests, and what it signs, by openssl alone."""

import ssl

from run import run


class Authority:
    def __init__(self, folder, name="Test Authority"):
        self.folder = folder
        self.pem = folder / "ca.pem"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout",
            folder / "ca.key", "-out", self.pem, "-days", "30", "-subj", f"/CN={name}")

    def issue(self, label, names=(), usage="serverAuth", days="30"):
        """(chain, key), PEM files. names: as subjectAltName wants them, DNS:a.example or IP:127.0.0.1."""
        key, request, chain, ext = (self.folder / f"{label}.{s}" for s in ("key", "csr", "crt", "ext"))
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", key, "-out",
            request, "-subj", f"/CN={label}")
        lines = [f"extendedKeyUsage={usage}"] + ([f"subjectAltName={','.join(names)}"] if names else [])
        ext.write_text("\n".join(lines) + "\n")
        run("openssl", "x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self.folder / "ca.key", "-out", chain,
            "-days", days, "-extfile", ext)
        for path in (key, chain, self.pem):
            path.chmod(0o644)
        return chain, key

    def server(self, label, *names, clients=False, days="30"):
        """A context for a server that has these names; clients: it asks for certificates of this authority; days: less than
        none, and the certificate has ended."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(label, names, days=days))
        if clients:
            context.load_verify_locations(self.pem)
            context.verify_mode = ssl.CERT_REQUIRED
        return context
