// args: row, text, all. Replies to the message shown, signed and encrypted, and waits until it was sent.
const [row, text, all] = args;
const sleep = ms => new Promise(done => setTimeout(done, ms));
const pane = document.getElementById("tabmail").currentAbout3Pane;
const header = pane.gDBView.getMsgHdrAt(row);
const composers = () => [...Services.wm.getEnumerator("msgcompose")];
const before = new Set(composers());
ComposeMessage(all ? Ci.nsIMsgCompType.ReplyAll : Ci.nsIMsgCompType.ReplyToSender, Ci.nsIMsgCompFormat.Default,
	header.folder, [header.folder.getUriForMsg(header)], null, true);
let view;
for (let i = 0; i < 200; i++) {
	await sleep(100);
	view = composers().find(w => !before.has(w));
	if (view?.gMsgCompose && view.composeEditorReady) break;
}
await sleep(1500);
const offered = { encrypt: view.gSendEncrypted, sign: view.gSendSigned };
view.gSelectedTechnologyIsPGP = false;
view.gSendEncrypted = true;
view.gSendSigned = true;
view.setEncSigStatusUI?.();
view.GetCurrentEditor().beginningOfDocument();
view.GetCurrentEditor().insertText(text);
await sleep(500);
const to = [...view.document.querySelectorAll("mail-address-pill")].map(p => p.emailAddress || p.fullAddress);
const prompts = [];
const watch = { observe(w) {
	prompts.push((w.document?.body?.innerText || w.document?.documentElement?.textContent || "").trim().slice(0, 300));
	w.document?.querySelector("dialog")?.cancelDialog?.();
} };
Services.obs.addObserver(watch, "common-dialog-loaded");
const sent = new Promise(done => view.gMsgCompose.addMsgSendListener({
	QueryInterface: ChromeUtils.generateQI(["nsIMsgSendListener"]),
	onStartSending() {}, onSendProgress() {}, onProgress() {}, onStatus() {}, onGetDraftFolderURI() {},
	onTransportSecurityError() {},
	onSendNotPerformed() { done("not performed"); },
	onStopSending(id, status) { done(status ? "error 0x" + (status >>> 0).toString(16) : "sent"); },
}));
view.goDoCommand("cmd_sendNow");
const outcome = await Promise.race([sent, sleep(20000).then(() => "timeout")]);
Services.obs.removeObserver(watch, "common-dialog-loaded");
if (outcome != "sent" && !view.closed) {
	view.gContentChanged = false;
	view.close();
}
return { outcome, to, prompts, offered };
