/* files.ts - what is handed to the user: certificates as text, and Apple's configuration profile. */

import { base64, isAscii, type Bytes } from "./bytes";

/* RFC 7468. */
export function pem(der: Bytes): string {
  const lines = base64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
const escape = (text: string): string => text.replace(/[&<>"']/g, (c) => ESCAPES[c]!);

const uuid = (): string =>
  `<key>PayloadUUID</key><string>${crypto.randomUUID().toUpperCase()}</string>\n<key>PayloadVersion</key><integer>1</integer>\n`;

interface Payload {
  type: string;
  file: string;
  suffix: string;
  says: string;
  der: Bytes;
}

const payload = (p: Payload, identifier: string): string =>
  "<dict>\n" +
  `<key>PayloadType</key><string>${p.type}</string>\n` +
  `<key>PayloadCertificateFileName</key><string>${p.file}</string>\n` +
  `<key>PayloadDisplayName</key><string>${p.says}</string>\n` +
  `<key>PayloadIdentifier</key><string>${identifier}.${p.suffix}</string>\n` +
  uuid() +
  `<key>PayloadContent</key><data>${base64(p.der)}</data>\n</dict>\n`;

/* Root, intermediate and the PKCS#12, which stays locked: no password is inside, the device asks for it. `identifier` is
 * letters, digits, dots and hyphens. */
export function mobileconfig(displayName: string, identifier: string, root: Bytes, intermediate: Bytes, pkcs12: Bytes): string {
  if (!isAscii(identifier) || !/^[A-Za-z0-9.-]{1,200}$/.test(identifier)) throw new Error("identifier of a configuration profile");
  const payloads: Payload[] = [
    { type: "com.apple.security.root", file: "root.cer", suffix: "root", says: "Postern root certificate", der: root },
    {
      type: "com.apple.security.pkcs1", file: "intermediate.cer", suffix: "intermediate",
      says: "Postern intermediate certificate", der: intermediate,
    },
    { type: "com.apple.security.pkcs12", file: "identity.p12", suffix: "identity", says: "Your key and certificate", der: pkcs12 },
  ];
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n' +
    '<plist version="1.0">\n<dict>\n' +
    "<key>PayloadType</key><string>Configuration</string>\n" +
    `<key>PayloadDisplayName</key><string>${escape(displayName)}</string>\n` +
    `<key>PayloadIdentifier</key><string>${identifier}</string>\n` +
    uuid() +
    "<key>PayloadContent</key>\n<array>\n" +
    payloads.map((p) => payload(p, identifier)).join("") +
    "</array>\n</dict>\n</plist>\n"
  );
}
