"""http2.py: a client of HTTP/2 that says what it is told to, also what RFC 9113 forbids."""

import h2.config
import h2.connection
import h2.events


class Answer:
    def __init__(self):
        self.status, self.headers, self.raw, self.ended = None, [], b"", None  # ended: how, when it was not by an answer

    def all(self, name):
        return [v for k, v in self.headers if k == name.lower()]

    def __repr__(self):
        return f"{self.status or self.ended} {self.raw[:200]!r}"


def ask(sock, headers, body=None):
    """One request on a connection that speaks h2 already. headers: pairs of bytes, in order, sent as they are."""
    conn = h2.connection.H2Connection(h2.config.H2Configuration(
        client_side=True, validate_outbound_headers=False, normalize_outbound_headers=False, validate_inbound_headers=False,
        header_encoding=None))
    conn.initiate_connection()
    conn.send_headers(1, headers, end_stream=body is None)
    while body:
        conn.send_data(1, body[:16000], end_stream=len(body) <= 16000)
        body = body[16000:]
    sock.sendall(conn.data_to_send())
    answer = Answer()
    while answer.ended is None:
        try:
            data = sock.recv(65536)
        except (OSError, TimeoutError) as e:
            answer.ended = type(e).__name__
            break
        if not data:
            answer.ended = "closed"
            break
        for event in conn.receive_data(data):
            take(conn, event, answer)
        try:
            sock.sendall(conn.data_to_send())
        except OSError:
            break
    return answer


def take(conn, event, answer):
    if isinstance(event, h2.events.ResponseReceived):
        found = [(k.decode(), v.decode()) for k, v in event.headers]
        answer.status = int(dict(found)[":status"])
        answer.headers = found
    elif isinstance(event, h2.events.DataReceived):
        answer.raw += event.data
        conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
    elif isinstance(event, h2.events.StreamEnded):
        answer.ended = "answer"
    elif isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
        answer.ended = f"{type(event).__name__} {event.error_code}"
