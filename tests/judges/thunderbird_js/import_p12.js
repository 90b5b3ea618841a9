// args: path, password. Imports as the certificate manager does; gives the outcome's name and the user certificates.
const [path, password] = args;
const db = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
file.initWithPath(path);
const outcome = db.importPKCS12File(file, password);
const names = {};
for (const k of Object.keys(Ci.nsIX509CertDB)) if (k.startsWith("ERROR_") || k == "Success") names[Ci.nsIX509CertDB[k]] = k;
const own = db.getCerts().filter(c => c.certType & Ci.nsIX509Cert.USER_CERT).map(c => c.subjectName);
return { outcome: names[outcome] || String(outcome), own };
