"""thunderbird.py: Thunderbird itself as a judge: a profile with the user's certificate and the messages, headless under
Xvfb, driven over Marionette with nothing but Python's own library. Ends only what it started."""

import json
import os
import pathlib
import socket
import subprocess
import time

import postern
from run import run

JS = pathlib.Path(__file__).parent / "thunderbird_js"
FOLDER = "Judge"


class Marionette:
    """The remote protocol, version 3: "length:json", [0, id, command, parameters] and [1, id, error, result]."""

    def __init__(self, port, seconds=90):
        end = time.monotonic() + seconds
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=180)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
        self.pending, self.number = b"", 0
        self.receive()
        self.command("WebDriver:NewSession", strictFileInteractability=True)
        self.command("Marionette:SetContext", value="chrome")
        self.command("WebDriver:SetTimeouts", script=120000)

    def receive(self):
        while b":" not in self.pending:
            self.more()
        size, self.pending = self.pending.split(b":", 1)
        while len(self.pending) < int(size):
            self.more()
        data, self.pending = self.pending[:int(size)], self.pending[int(size):]
        return json.loads(data)

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError("Thunderbird closed the connection")
        self.pending += data

    def command(self, name, **parameters):
        self.number += 1
        text = json.dumps([0, self.number, name, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self.receive()
        if error:
            raise RuntimeError(f"{name}: {error.get('error')}: {error.get('message')}")
        return result

    def script(self, name, *args):
        """Runs thunderbird_js/NAME.js as the body of an async function; gives what it returns."""
        body = (JS / f"{name}.js").read_text()
        wrapped = ("const done = arguments[arguments.length - 1]; const given = Array.from(arguments).slice(0, -1);"
                   "(async (...args) => {\n" + body + "\n})(...given).then(v => done({ok: v === undefined ? null : v}),"
                   "e => done({error: String(e) + ' ' + (e.stack || '')}));")
        value = self.command("WebDriver:ExecuteAsyncScript", script=wrapped, args=list(args), sandbox="system",
                             newSandbox=True)["value"]
        if "error" in value:
            raise RuntimeError(value["error"])
        return value["ok"]


def preferences(address, smtp_port, marionette_port):
    """user.js: one identity, mail only from local folders, and nothing that asks, phones or celebrates."""
    account = "mail.account.account"
    return {
        "mail.accountmanager.accounts": "account1,account2", "mail.accountmanager.defaultaccount": "account2",
        "mail.accountmanager.localfoldersserver": "server1", f"{account}1.server": "server1",
        "mail.server.server1.type": "none", "mail.server.server1.hostname": "Local Folders",
        "mail.server.server1.userName": "nobody", "mail.server.server1.name": "Local Folders",
        "mail.server.server1.directory-rel": "[ProfD]Mail/Local Folders",
        f"{account}2.server": "server2", f"{account}2.identities": "id1",
        "mail.server.server2.type": "pop3", "mail.server.server2.hostname": "127.0.0.1",
        "mail.server.server2.port": 9, "mail.server.server2.userName": "user", "mail.server.server2.name": "user",
        "mail.server.server2.login_at_startup": False, "mail.server.server2.check_new_mail": False,
        "mail.server.server2.directory-rel": "[ProfD]Mail/127.0.0.1",
        "mail.identity.id1.fullName": "Alice Example", "mail.identity.id1.useremail": address,
        "mail.identity.id1.valid": True, "mail.identity.id1.smtpServer": "smtp1",
        "mail.identity.id1.fcc_folder": "mailbox://nobody@Local%20Folders/Sent",
        "mail.smtpservers": "smtp1", "mail.smtp.defaultserver": "smtp1",
        "mail.smtpserver.smtp1.hostname": "127.0.0.1", "mail.smtpserver.smtp1.port": smtp_port,
        "mail.smtpserver.smtp1.try_ssl": 0, "mail.smtpserver.smtp1.authMethod": 1,
        "mail.smtpserver.smtp1.username": "",
        "app.update.enabled": False, "app.update.auto": False, "app.normandy.enabled": False,
        "app.donation.eoy.version.viewed": 999, "datareporting.policy.dataSubmissionEnabled": False,
        "datareporting.policy.dataSubmissionPolicyBypassNotification": True, "toolkit.telemetry.enabled": False,
        "toolkit.telemetry.server": "", "toolkit.telemetry.reportingpolicy.firstRun": False,
        "mailnews.start_page.enabled": False, "mailnews.start_page_override.mstone": "ignore",
        "mail.provider.suppress_dialog_on_startup": True, "mail.spotlight.firstRunDone": True,
        "mail.winsearch.firstRunDone": True, "mail.rights.version": 1, "mail.shell.checkDefaultClient": False,
        "mail.inappnotifications.enabled": False, "extensions.update.enabled": False,
        "extensions.getAddons.cache.enabled": False, "services.settings.server": "data:,#remote-settings-dummy/v1",
        "browser.safebrowsing.provider.google4.updateURL": "", "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False, "network.proxy.type": 0,
        "network.manage-offline-status": False, "offline.autoDetect": False, "security.OCSP.enabled": 0,
        "mail.phishing.detection.enabled": False, "mail.compose.max_recycled_windows": 0,
        "mail.tabs.loadInBackground": False, "remote.prefs.recommended": False,
        "marionette.port": marionette_port,
    }


def mbox(messages):
    return b"".join(b"From - Mon Nov 23 07:00:00 2026\r\nX-Mozilla-Status: 0000\r\n" +
                    m.replace(b"\r\nFrom ", b"\r\n>From ") + b"\r\n" for m in messages)


class Thunderbird:
    """with Thunderbird(folder, keys, messages) as t: t.read() gives {Message-ID: what the reader is shown}."""

    def __init__(self, folder, keys, messages=(), smtp_port=9, trusted=True, own=True):
        self.folder, self.keys = pathlib.Path(folder), keys
        self.profile, self.port = self.folder / "profile", postern.free_port()
        (self.profile / "Mail/Local Folders").mkdir(parents=True)
        (self.profile / "Mail/Local Folders" / FOLDER).write_bytes(mbox(messages))
        values = preferences(keys.address, smtp_port, self.port)
        (self.profile / "user.js").write_text("".join(f"user_pref({json.dumps(k)}, {json.dumps(v)});\n"
                                                      for k, v in values.items()))
        db = f"sql:{self.profile}"
        run("certutil", "-N", "-d", db, "--empty-password")
        if own:
            run("pk12util", "-i", keys.path(keys.p12), "-d", db, "-W", keys.password, "-K", "")
        if trusted:
            run("certutil", "-A", "-d", db, "-n", "root", "-t", ",C,", "-i", keys.path("root.crt"))
        self.running = []

    def start(self, argv, **options):
        log = open(self.folder / f"{argv[0]}.log", "wb")
        process = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **options)
        self.running.append(process)
        return process

    def __enter__(self):
        reading, writing = os.pipe()
        self.start(["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x960x24", "-nolisten", "tcp"],
                   pass_fds=[writing])
        os.close(writing)
        with os.fdopen(reading) as pipe:
            display = pipe.readline().strip()
        home = self.folder / "home"
        home.mkdir()
        environment = {**os.environ, "HOME": str(home), "DISPLAY": f":{display}", "MOZ_CRASHREPORTER_DISABLE": "1",
                       "LANG": "C.UTF-8", "NO_AT_BRIDGE": "1", "GTK_A11Y": "none"}
        self.start(["thunderbird", "--no-remote", "--profile", str(self.profile), "--marionette",
                    "--remote-allow-system-access"], env=environment)
        try:
            self.marionette = Marionette(self.port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.running):
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def rows(self):
        return {mid: (row, key) for row, key, mid in self.marionette.script("list", FOLDER)}

    def read(self):
        return {mid: self.marionette.script("read", *where) for mid, where in self.rows().items()}

    def choose_certificate(self):
        return self.marionette.script("identity", self.keys.address)

    def import_p12(self, path, password):
        return self.marionette.script("import_p12", str(path), password)

    def reply(self, mid, text, everyone=False):
        row, key = self.rows()[mid]
        self.marionette.script("read", row, key)
        return self.marionette.script("reply", row, text, everyone)
