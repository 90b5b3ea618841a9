"""answers.py: the answers that the demo shows, as a user's client writes them to relayed mail: each with everything in it that
clients put in and that names the user."""

import dataclasses
import re

import judge
import messages
import reply


@dataclasses.dataclass
class Answer:
    """question: the mail that is answered; write(client, done) gives the entity; people: who gets it, by their real addresses."""
    name: str
    question: messages.Mail
    write: object
    says: str
    people: list
    everyone: bool = False
    program: str = "thunderbird"


def plain(alias):
    question = messages.plain(alias)
    says = "Thursday is fine, please leave it at the door."

    def write(client, done):
        return messages.text(reply.quoting(says, "german", "Shop", client.learn(done), client.keys.address, quoted=question.says) +
                             f"\n-- \n{client.name}\n{client.keys.address}\n")
    return Answer("plain, quoted, with a signature block", question, write, says, [question.sender])


def html(alias):
    question = messages.html(alias)
    says = "Could I have a seat at the window?"

    def write(client, done):
        reverse = client.learn(done)
        page = (f'<html><head><meta name="GENERATOR" content="CanaryMail 9"></head><body><p>{says}</p><div class="moz-cite-prefix">On 26.11.26 '
                f'14:33, Example Airways &lt;<a href="mailto:{reverse}">{reverse}</a>&gt; wrote to {client.name}:</div>'
                f'<blockquote type="cite">{question.says}</blockquote><div class="moz-signature">{client.name}<br>'
                f'<a href="mailto:{client.keys.address}">{client.keys.address}</a></div></body></html>\n')
        return messages.multipart("mixed", messages.multipart("alternative", messages.text(says + "\n"), reply.html(page)),
                                  messages.attachment("passport.png", "image/png", messages.png()),
                                  messages.attachment("card.vcf", "text/vcard", messages.crlf(
                                      f"BEGIN:VCARD\nVERSION:4.0\nFN:{client.name}\nEMAIL:{client.keys.address}\nEND:VCARD\n")))
    return Answer("HTML, with an attachment and a vCard", question, write, says, [question.sender], program="apple")


def everyone(alias):
    raw = messages.head("Sam <sam@club.example>", alias, "Saturday?",
                        more=["Cc: Cecil <cecil@club.example>, Dora <dora@garden.example>"])
    question = messages.Mail("both", "sam@club.example", raw + messages.text("Shall we all meet on Saturday?\n"),
                             "Shall we all meet on Saturday?")
    says = "Saturday at three, and I bring the cake."

    def write(client, done):
        return messages.text(reply.quoting(says, "outlook", "Sam", client.learn(done), client.keys.address, client.name,
                                           question.says))
    return Answer("Reply-All, three correspondents", question, write, says,
                  ["sam@club.example", "cecil@club.example", "dora@garden.example"],
                  everyone=True, program="outlook")


def calendar(alias):
    question = messages.calendar(alias)
    (invitation,) = [p for p in judge.parsed(question.raw).walk() if p.get_content_type() == "text/calendar"]
    uid = re.search(r"UID:(\w+)", invitation.get_payload(decode=True).decode())[1]
    says = "Accepted: Meeting about the order"

    def write(client, done):
        ics = messages.crlf("BEGIN:VCALENDAR\nPRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN\nVERSION:2.0\nMETHOD:REPLY\nBEGIN:VEVENT\n"
                            f"UID:{uid}\nDTSTAMP:20260501T091500Z\nDTSTART:20260503T100000Z\nSUMMARY:Meeting about the order\n"
                            f"ORGANIZER;CN=Olga Organizer:mailto:{client.learn(done)}\nATTENDEE;CN={client.name};PARTSTAT=ACCEPTED:\n"
                            f" mailto:{client.keys.address}\nEND:VEVENT\nEND:VCALENDAR\n")
        return messages.multipart("alternative", messages.text(says + "\n"), messages.crlf(
            "Content-Type: text/calendar; method=REPLY; charset=utf-8\nContent-Transfer-Encoding: base64\n\n") + messages.base64_lines(ics))
    return Answer("an invitation is accepted", question, write, says, ["olga@shop.example"], program="k9")


def samples(alias):
    return [plain(alias), html(alias), everyone(alias), calendar(alias)]
