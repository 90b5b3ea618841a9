// args: row, message key. Opens the message as a click does and gives what the reader is shown.
const [row, key] = args;
const sleep = ms => new Promise(done => setTimeout(done, ms));
const start = Date.now();
const pane = document.getElementById("tabmail").currentAbout3Pane;
pane.threadTree.selectedIndex = row;
let view;
for (let i = 0; i < 400; i++) {
	await sleep(25);
	view = pane.messageBrowser?.contentWindow;
	if (view?.gMessage?.messageKey == key && view.msgLoaded) break;
}
const body = () => {
	try {
		return view.getMessagePaneBrowser().contentDocument.body.innerText;
	} catch (e) {
		return "";
	}
};
// The signature's status arrives after the message: settled is what has not changed for a while.
let last = "", since = Date.now();
for (;;) {
	await sleep(40);
	const now = [view.gEncryptionStatus, view.gSignatureStatus, body().length, view.gExpectedSignatureCount,
		view.gReceivedSignatureCount].join();
	if (now != last || view.gReceivedSignatureCount < view.gExpectedSignatureCount) {
		last = now;
		since = Date.now();
	}
	if (Date.now() - since > (body() ? 400 : 1500) || Date.now() - start > 20000) break;
}
const errors = Ci.nsICMSMessageErrors;
const name = v => v == -1 ? null : Object.keys(errors).find(k => errors[k] === v) || String(v);
const text = id => view.document.getElementById(id)?.textContent.trim();
return {
	encryption: name(view.gEncryptionStatus),
	signature: name(view.gSignatureStatus),
	signer: view.gSignerCert && view.gSignerCert.subjectName,
	subject: text("expandedsubjectBox"),
	from: text("expandedfromBox"),
	attachments: (view.currentAttachments || []).map(a => [a.name, a.contentType]),
	body: body(),
};
