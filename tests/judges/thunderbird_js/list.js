// args: folder name. Shows the folder in the main window; gives [row, message key, Message-ID] of each message.
const [path] = args;
const sleep = ms => new Promise(done => setTimeout(done, ms));
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const folder = MailServices.accounts.localFoldersServer.rootFolder.getChildNamed(path);
const tabs = document.getElementById("tabmail");
for (let i = 0; i < 300 && !tabs.currentAbout3Pane?.displayFolder; i++) await sleep(100);
const pane = tabs.currentAbout3Pane;
pane.displayFolder(folder.URI);
for (let i = 0; i < 100 && !(pane.gDBView && pane.gDBView.rowCount > 0); i++) await sleep(100);
await sleep(300);
const rows = [];
for (let i = 0; i < pane.gDBView.rowCount; i++) {
	const header = pane.gDBView.getMsgHdrAt(i);
	rows.push([i, header.messageKey, header.messageId]);
}
return rows;
