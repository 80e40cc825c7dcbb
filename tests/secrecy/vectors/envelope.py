"""The sealed form of a backup share, implemented a second time from shared/ENVELOPE.md alone.

    python envelope.py open < v1.json           opens every vector, and recomputes every field of it
    python envelope.py make SEED COUNT > new    makes vectors, the same ones for the same seed

For an operator who has a row, as `aws dynamodb get-item` prints it (docs/operating.md):

    python envelope.py wrapped < row            its wrapped key in base64, for `aws kms decrypt`
    python envelope.py context KIND < row       the encryption context that goes with it
    python envelope.py share KIND KEY < row     its share, by the data key in base64, as `aws kms decrypt` prints it

A vector is a JSON object: kind, client, method, pair, stored_at, share as they are; data_key, wrapped_key, salt, nonce,
sealed in hex; row_key as text.
"""

import base64
import hashlib
import json
import random
import sys

from cryptography.hazmat.primitives import constant_time, hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ENCRYPT = b"portal-backup-shares/v1/encrypt"
COMMIT = b"portal-backup-shares/v1/commit"
ENVELOPE = b"portal-backup-shares/envelope/v1"
ROW = b"portal-backup-shares/row/v1"


def prefixed(parts):
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def slot(vector):
    return [vector[name].encode() for name in ("kind", "client", "method", "pair")]


def derive(data_key, salt, label):
    return HKDF(algorithm=hashes.SHA512(), length=32, salt=salt, info=label).derive(data_key)


def additional_data(vector, salt):
    stored_at = vector["stored_at"].to_bytes(8, "big")
    return ENVELOPE + b"\x01" + salt + prefixed([*slot(vector), stored_at])


def row_key(vector):
    digest = hashlib.sha256(prefixed([ROW, *slot(vector), vector["share"].encode()])).hexdigest()
    return f"share#{digest}"


def seal(vector):
    data_key, wrapped, salt, nonce = (bytes.fromhex(vector[name]) for name in ("data_key", "wrapped_key", "salt", "nonce"))
    cipher = AESGCM(derive(data_key, salt, ENCRYPT))
    ciphertext = cipher.encrypt(nonce, vector["share"].encode(), additional_data(vector, salt))
    commitment = derive(data_key, salt, COMMIT)
    return b"PBS\x01" + salt + len(wrapped).to_bytes(2, "big") + wrapped + commitment + nonce + ciphertext


def take_apart(sealed):
    if sealed[:4] != b"PBS\x01":
        raise ValueError("not an envelope of version 1")
    salt, rest = sealed[4:36], sealed[36:]
    width = int.from_bytes(rest[:2], "big")
    wrapped, rest = rest[2 : 2 + width], rest[2 + width :]
    commitment, nonce, ciphertext = rest[:32], rest[32:44], rest[44:]
    if not 1 <= width <= 1024 or len(ciphertext) < 17:
        raise ValueError("an envelope that ends early")
    return salt, wrapped, commitment, nonce, ciphertext


def open_sealed(vector):
    salt, wrapped, commitment, nonce, ciphertext = take_apart(bytes.fromhex(vector["sealed"]))
    data_key = bytes.fromhex(vector["data_key"])
    if not constant_time.bytes_eq(derive(data_key, salt, COMMIT), commitment):
        raise ValueError("the commitment is to another data key")
    cipher = AESGCM(derive(data_key, salt, ENCRYPT))
    share = cipher.decrypt(nonce, ciphertext, additional_data(vector, salt)).decode()
    return share, wrapped.hex(), salt.hex(), nonce.hex()


def check(vector):
    opened = open_sealed(vector)
    assert opened == tuple(vector[name] for name in ("share", "wrapped_key", "salt", "nonce")), vector["name"]
    assert seal(vector).hex() == vector["sealed"], vector["name"]
    assert row_key(vector) == vector["row_key"], vector["name"]


def text(source, length):
    return "".join(source.choice('0123456789abcdef{}":, \\\n\u00e9\u6f22\U0001f511') for _ in range(length))


def made(source, number):
    alphabet = "ABCxyz019_.:-"
    identifier = lambda length: "k" + "".join(source.choice(alphabet) for _ in range(length - 1))
    vector = {
        "name": f"v1-{number}",
        "kind": source.choice(["client", "custodian"]),
        "client": identifier(source.choice([1, 25, 128])),
        "method": source.choice(["UNKNOWN", "GDRIVE", "GDRIVE-SECP256K1", "M" * 64, "a+b"]),
        "pair": source.choice(["-", identifier(1), identifier(25), identifier(128)]),
        "stored_at": source.choice([0, 1795339800000, 2**64 - 1]),
        "share": text(source, source.choice([1, 15, 16, 17, 300, 2000])),
        "data_key": source.randbytes(32).hex(),
        "wrapped_key": source.randbytes(source.choice([1, 184, 1024])).hex(),
        "salt": source.randbytes(32).hex(),
        "nonce": source.randbytes(12).hex(),
    }
    return {**vector, "row_key": row_key(vector), "sealed": seal(vector).hex()}


def vector_of(row, kind):
    return {
        "kind": kind,
        "client": row["pk"]["S"],
        "method": row["method"]["S"],
        "pair": row["pair"]["S"],
        "stored_at": int(row["at"]["N"]),
        "sealed": base64.b64decode(row["sealed"]["B"]).hex(),
    }


def operate(command, kind="", data_key=""):
    row = json.load(sys.stdin)["Item"]
    vector = vector_of(row, kind)
    if command == "wrapped":
        sys.stdout.write(base64.b64encode(take_apart(bytes.fromhex(vector["sealed"]))[1]).decode())
    elif command == "context":
        named = ",".join(f"{name}={vector[name]}" for name in ("kind", "client", "method", "pair"))
        sys.stdout.write(f"app=portal-backup-shares,{named}")
    else:
        vector["share"] = open_sealed(vector | {"data_key": base64.b64decode(data_key).hex()})[0]
        if row_key(vector) != row["sk"]["S"]:
            raise ValueError("the row's key bears another share's digest")
        sys.stdout.buffer.write(vector["share"].encode())


def main(arguments):
    if arguments[0] in ("wrapped", "context", "share"):
        operate(*arguments)
    elif arguments[0] == "open":
        vectors = json.load(sys.stdin)
        for vector in vectors:
            check(vector)
        print(f"{len(vectors)} opened")
    else:
        source = random.Random(int(arguments[1]))
        json.dump([made(source, number) for number in range(int(arguments[2]))], sys.stdout, indent=1)


main(sys.argv[1:])
