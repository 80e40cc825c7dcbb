#!/usr/bin/env python3
"""Opens one stored share without any of the other code: README.md, beside this, says when and how.

    open_row.py wrapped KIND CLIENT ROW        writes the row's wrapped key, for `aws kms decrypt`
    open_row.py context KIND CLIENT ROW        prints the encryption context that goes with it
    open_row.py share   KIND CLIENT ROW        writes the share; takes the data key, in base64, on standard input

KIND is the half whose table was read, client or custodian. CLIENT is the client who was asked for. ROW is a file of
what `aws dynamodb get-item --output json` prints.

Ends with 0 when all is well, 2 when it was called wrongly, 3 when the row is not what was stored, and 4 when its
share is sealed in a version that this script doesn't know.

Written from shared/ENVELOPE.md alone. The rules (E4, E5 …) are that page's.
"""

import argparse
import base64
import hashlib
import hmac
import json
import re
import sys
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"PBS"
VERSION = 1
APP = "portal-backup-shares"
ENCRYPT = b"portal-backup-shares/v1/encrypt"
COMMIT = b"portal-backup-shares/v1/commit"
ENVELOPE = b"portal-backup-shares/envelope/v1"
ROW = b"portal-backup-shares/row/v1"

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
METHOD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,63}")
DIGITS = re.compile(r"[0-9]{1,16}")

MISTAKE, NOT_AS_STORED, OTHER_VERSION = 2, 3, 4

# By the names that ENVELOPE.md gives to refusals.
MESSAGES = {
    "version": "sealed in version {} of the format, which this script doesn't know. That is no tampering: a later "
    "release wrote it. Open it with that release's tools/open-row",
    "form": "not an envelope: its first bytes, its length or a length in it is wrong",
    "commitment": "sealed under another data key than the one given. Either the key is another row's, or the "
    "envelope was changed",
    "tag": "not what was sealed: the envelope, or the kind, client, method, pair or time, is another",
    "text": "sealed, but not as UTF-8 text. No release has stored that",
    "digest": "another share than the row's key, `sk`, says",
    "row": "a row of another form than any release writes: {}",
}


class Refused(Exception):
    """What must not be opened, by the name of the refusal."""

    def __init__(self, refusal, *details):
        super().__init__(MESSAGES[refusal].format(*details))
        self.refusal = refusal
        self.code = OTHER_VERSION if refusal == "version" else NOT_AS_STORED


class Mistake(Exception):
    """What the caller has to do otherwise."""

    code = MISTAKE


class Slot(NamedTuple):
    """Where a share belongs."""

    kind: str
    client: str
    method: str
    pair: str

    def parts(self):
        return [part.encode() for part in self]


class Envelope(NamedTuple):
    """An envelope taken apart, nothing in it verified."""

    salt: bytes
    wrapped_key: bytes
    commitment: bytes
    nonce: bytes
    ciphertext: bytes


class Row(NamedTuple):
    """A share's row, nothing in it verified."""

    slot: Slot
    stored_at: int
    row_key: str
    envelope: Envelope


def prefixed(parts):
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def derive(data_key, salt, label):
    return HKDF(algorithm=hashes.SHA512(), length=32, salt=salt, info=label).derive(data_key)  # E4, E5


def additional_data(slot, stored_at, salt):
    bound = [*slot.parts(), stored_at.to_bytes(8, "big")]
    return ENVELOPE + bytes([VERSION]) + salt + prefixed(bound)  # E6


def row_key(slot, share):
    digest = hashlib.sha256(prefixed([ROW, *slot.parts(), share.encode()]))  # E15
    return f"share#{digest.hexdigest()}"  # E16


def context(slot):
    return {"app": APP, **slot._asdict()}  # E12


def take_apart(sealed):
    if sealed[:3] != MAGIC or len(sealed) < 4:
        raise Refused("form")
    if sealed[3] != VERSION:
        raise Refused("version", sealed[3])
    salt, rest = sealed[4:36], sealed[36:]
    width = int.from_bytes(rest[:2], "big")
    wrapped_key, rest = rest[2 : 2 + width], rest[2 + width :]
    commitment, nonce, ciphertext = rest[:32], rest[32:44], rest[44:]
    if not 1 <= width <= 1024 or len(ciphertext) < 17:  # E8
        raise Refused("form")
    return Envelope(salt, wrapped_key, commitment, nonce, ciphertext)


def open_envelope(envelope, slot, stored_at, data_key):
    if not hmac.compare_digest(derive(data_key, envelope.salt, COMMIT), envelope.commitment):  # E9
        raise Refused("commitment")
    cipher = AESGCM(derive(data_key, envelope.salt, ENCRYPT))
    bound = additional_data(slot, stored_at, envelope.salt)
    try:
        return cipher.decrypt(envelope.nonce, envelope.ciphertext, bound).decode()  # E7, E10
    except InvalidTag:
        raise Refused("tag") from None
    except UnicodeDecodeError:
        raise Refused("text") from None


def open_row(row, data_key):
    share = open_envelope(row.envelope, row.slot, row.stored_at, data_key)
    if row_key(row.slot, share) != row.row_key:  # E11
        raise Refused("digest")
    return share


def attribute(item, name, kind):
    value = item.get(name)
    if not isinstance(value, dict) or not isinstance(value.get(kind), str):
        raise Refused("row", f"it has no {name} of type {kind}")
    return value[kind]


def of_form(form, name, text):
    if not form.fullmatch(text):
        raise Refused("row", f"its {name} is none")
    return text


def row_of(kind, client, item):
    """Reads a row that was asked for by its half and client (E10, E17)."""
    if attribute(item, "pk", "S") != client:
        raise Mistake(f"this is no row of {client}: its pk is another client's id. Ask DynamoDB for the right one")
    method = of_form(METHOD, "method", attribute(item, "method", "S"))
    pair = attribute(item, "pair", "S")
    slot = Slot(kind, client, method, pair if pair == "-" else of_form(ID, "pair", pair))
    stored_at = int(of_form(DIGITS, "at", attribute(item, "at", "N")))
    try:
        sealed = base64.b64decode(attribute(item, "sealed", "B"), validate=True)
    except ValueError:
        raise Refused("row", "its sealed is no base64") from None
    return Row(slot, stored_at, attribute(item, "sk", "S"), take_apart(sealed))


def read_item(path):
    try:
        with open(path, encoding="utf-8") as file:
            return dict(json.load(file)["Item"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Mistake(f"{path} holds no row. `aws dynamodb get-item` prints nothing where there is none") from None


def read_data_key():
    try:
        data_key = base64.b64decode(sys.stdin.buffer.read().strip(), validate=True)
    except ValueError:
        data_key = b""
    if len(data_key) != 32:
        raise Mistake("standard input holds no data key: 32 bytes in base64, as `aws kms decrypt` prints them")
    return data_key


def client_id(text):
    if ID.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError("a client id is 1 to 128 of A-Z a-z 0-9 _ . : -, the first a letter or digit")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["wrapped", "context", "share"])
    parser.add_argument("kind", metavar="KIND", choices=["client", "custodian"])
    parser.add_argument("client", metavar="CLIENT", type=client_id)
    parser.add_argument("row", metavar="ROW")
    return parser.parse_args()


def asked_for(what, row):
    if what == "wrapped":
        return row.envelope.wrapped_key
    if what == "context":
        return ",".join(f"{name}={value}" for name, value in context(row.slot).items()).encode()
    return open_row(row, read_data_key()).encode()


def main():
    asked = arguments()
    try:
        row = row_of(asked.kind, asked.client, read_item(asked.row))
        sys.stdout.buffer.write(asked_for(asked.what, row))
    except (Refused, Mistake) as problem:
        print(f"open_row.py: {problem}", file=sys.stderr)
        sys.exit(problem.code)


if __name__ == "__main__":
    main()
