// args: address. Chooses the identity's certificate, as the account settings do.
const [address] = args;
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const db = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
const identity = MailServices.accounts.allIdentities.find(i => i.email == address);
const cert = db.getCerts().find(c => (c.certType & Ci.nsIX509Cert.USER_CERT) && c.containsEmailAddress(address));
if (!cert) return null;
for (const use of ["signing", "encryption"]) {
	identity.setUnicharAttribute(use + "_cert_name", cert.displayName);
	identity.setCharAttribute(use + "_cert_dbkey", cert.dbKey);
}
return cert.subjectName;
