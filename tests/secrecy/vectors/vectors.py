"""Vectors of the sealed form, for the opener of tools/open-row.

    vectors.py open < v1.json               opens every vector, and recomputes every field of it
    vectors.py refuse < v1-refused.json     is refused every vector, for the reason that it bears
    vectors.py make SEED COUNT              makes vectors that open, the same ones for the same seed
    vectors.py make-refused SEED            makes those that must be refused
    vectors.py make-more SEED               makes those of the largest size and with a byte order mark

shared/ENVELOPE.md ("The vectors") says what is in them.
"""

import json
import random
import sys
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools/open-row"))
import open_row
from open_row import Refused, Row, Slot


def slot(vector):
    return Slot(*(vector[name] for name in Slot._fields))


def share(vector):
    return vector["share"] if "share" in vector else vector["repeated"] * vector["times"]


def sealed(vector, text=None):
    names = ("data_key", "wrapped_key", "salt", "nonce")
    data_key, wrapped, salt, nonce = (bytes.fromhex(vector[name]) for name in names)
    text = share(vector).encode() if text is None else text
    bound = open_row.additional_data(slot(vector), vector["stored_at"], salt)
    ciphertext = AESGCM(open_row.derive(data_key, salt, open_row.ENCRYPT)).encrypt(nonce, text, bound)
    commitment = open_row.derive(data_key, salt, open_row.COMMIT)
    return b"PBS\x01" + salt + len(wrapped).to_bytes(2, "big") + wrapped + commitment + nonce + ciphertext


def opened(vector):
    envelope = open_row.take_apart(bytes.fromhex(vector["sealed"]))
    row = Row(slot(vector), vector["stored_at"], vector["row_key"], envelope)
    return open_row.open_row(row, bytes.fromhex(vector["data_key"])), envelope


def check_opened(vector):
    text, envelope = opened(vector)
    assert text == share(vector), vector["name"]
    for name in ("wrapped_key", "salt", "nonce"):
        assert getattr(envelope, name).hex() == vector[name], vector["name"]
    assert sealed(vector).hex() == vector["sealed"], vector["name"]


def check_refused(vector):
    try:
        opened(vector)
    except Refused as refused:
        assert refused.refusal == vector["refusal"], f"{vector['name']}: {refused}"
    else:
        raise AssertionError(f"{vector['name']} is opened")


def text(source, length):
    return "".join(source.choice('0123456789abcdef{}":, \\\n\u00e9\u6f22\U0001f511') for _ in range(length))


def completed(vector):
    return {**vector, "row_key": open_row.row_key(slot(vector), share(vector)), "sealed": sealed(vector).hex()}


def made(source, number):
    alphabet = "ABCxyz019_.:-"
    identifier = lambda length: "k" + "".join(source.choice(alphabet) for _ in range(length - 1))
    return completed({
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
    })


def good(source, **other):
    """A whole vector, of which those that are refused are made."""
    return {
        "kind": "custodian",
        "client": "c19vjk2158y5o9bhedinl6agl",
        "method": "GDRIVE",
        "pair": "pair-1",
        "stored_at": 1795339800000,
        "share": '{"x":"\u00e9\u6f22\U0001f511"}',
        "data_key": source.randbytes(32).hex(),
        "wrapped_key": source.randbytes(16).hex(),
        "salt": source.randbytes(32).hex(),
        "nonce": source.randbytes(12).hex(),
        **other,
    }


def made_more(source):
    largest = good(source, name="the largest size", repeated='{"\u00e9\u6f22\U0001f511":0}\n', times=8192)
    del largest["share"]
    assert len(share(largest).encode()) == 128 * 1024
    return [completed(largest), completed(good(source, name="a byte order mark, which stays", share="\ufeff{}\ufeff"))]


def flipped(data, index):
    return data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]


def other_bytes(whole):
    """Other bytes in an envelope's place, by a name and the refusal."""
    starts = {"salt": 4, "length": 36, "wrapped key": 38, "commitment": 54, "nonce": 86, "ciphertext": 98}
    yield "no bytes", "form", b""
    yield "the magic alone", "form", whole[:3]
    yield "an unknown version alone", "version", b"PBS\x02"
    for version in (0, 2, 255):
        yield f"version {version}", "version", whole[:3] + bytes([version]) + whole[4:]
    for index in range(3):
        yield f"another magic in byte {index}", "form", flipped(whole, index)
    yield "another magic and another version", "form", b"PBT\x02" + whole[4:]
    for field, start in starts.items():
        yield f"cut before the {field}", "form", whole[:start]
        yield f"cut within the {field}", "form", whole[: start + 1]
    yield "cut before the tag's last byte, of one byte of ciphertext", "form", whole[: starts["ciphertext"] + 16]
    yield "cut after seventeen bytes of ciphertext and tag", "tag", whole[: starts["ciphertext"] + 17]
    yield "cut before the last byte", "tag", whole[:-1]
    yield "a byte more at the end", "tag", whole + b"\0"
    yield "a byte more at the start", "form", b"\0" + whole
    for width in (0, 1025, 65535):
        yield f"w is {width}", "form", whole[:36] + width.to_bytes(2, "big") + whole[38:] + bytes(2048)
    yield "w is one less", "commitment", whole[:36] + (15).to_bytes(2, "big") + whole[38:]
    yield "w is one more", "commitment", whole[:36] + (17).to_bytes(2, "big") + whole[38:]
    yield "w with its bytes swapped", "form", whole[:36] + (16).to_bytes(2, "little") + whole[38:]
    for field in ("salt", "commitment"):
        yield f"another {field}", "commitment", flipped(whole, starts[field])
    for field in ("nonce", "ciphertext"):
        yield f"another {field}", "tag", flipped(whole, starts[field])
    yield "another tag", "tag", flipped(whole, len(whole) - 1)
    both = flipped(flipped(whole, starts["commitment"]), len(whole) - 1)
    yield "another commitment and another tag", "commitment", both


def other_words(vector):
    """Other words about a whole envelope, by a name and the refusal."""
    yield "another data key", "commitment", {"data_key": flipped(bytes.fromhex(vector["data_key"]), 31).hex()}
    yield "another kind", "tag", {"kind": "client"}
    yield "another client", "tag", {"client": "d19vjk2158y5o9bhedinl6agl"}
    yield "another method", "tag", {"method": "ICLOUD"}
    yield "another spelling of the method", "tag", {"method": "googleDrive"}
    yield "another case of the method", "tag", {"method": "gdrive"}
    yield "another pair", "tag", {"pair": "pair-2"}
    yield "no pair", "tag", {"pair": "-"}
    yield "a later time", "tag", {"stored_at": vector["stored_at"] + 1}
    yield "an earlier time", "tag", {"stored_at": vector["stored_at"] - 1}
    yield "no time", "tag", {"stored_at": 0}
    yield "the same letters, divided otherwise", "tag", {"client": vector["client"] + "G", "method": "DRIVE"}
    here, digest = slot(vector), vector["row_key"].removeprefix("share#")
    other_slot = open_row.row_key(here._replace(pair="-"), vector["share"])
    yield "the digest of another share", "digest", {"row_key": open_row.row_key(here, "another")}
    yield "the digest of another slot", "digest", {"row_key": other_slot}
    yield "a digest in upper case", "digest", {"row_key": f"share#{digest.upper()}"}
    yield "the key of a time row", "digest", {"row_key": f"time#0001795339800000#{digest}"}


def other_texts(source):
    """Envelopes that are sealed by the rules but for what is in them, by a name and the refusal."""
    vector = completed(good(source))
    for name, data in [
        ("a byte that is no UTF-8", b"a\xff"),
        ("UTF-8 that is cut", b"\xf0\x9f\x94"),
        ("UTF-8 that is longer than it need be", b"\xc0\xaf"),
        ("half of a pair of UTF-16", b"\xed\xa0\x80"),
    ]:
        yield name, "text", {**vector, "sealed": sealed(vector, data).hex()}
    yield "no share", "form", completed({**vector, "share": ""})
    for width in (0, 1025):
        wrapped_key = source.randbytes(width).hex()
        yield f"sealed with w of {width}", "form", completed({**vector, "wrapped_key": wrapped_key})


def made_refused(source):
    whole = completed(good(source))
    others = other_bytes(bytes.fromhex(whole["sealed"]))
    found = [(name, refusal, {**whole, "sealed": data.hex()}) for name, refusal, data in others]
    found += [(name, refusal, {**whole, **other}) for name, refusal, other in other_words(whole)]
    found += other_texts(source)
    kept = (*Slot._fields, "stored_at", "data_key", "row_key", "sealed")
    kept_of = lambda vector: {key: vector[key] for key in kept}
    return [{"name": name, "refusal": refusal, **kept_of(vector)} for name, refusal, vector in found]


def checked(check, done):
    vectors = json.load(sys.stdin)
    for vector in vectors:
        check(vector)
    print(f"{len(vectors)} {done}")


def main(command, seed=0, count=0):
    source = random.Random(int(seed))
    if command == "open":
        checked(check_opened, "opened")
    elif command == "refuse":
        checked(check_refused, "refused")
    else:
        makers = {
            "make": lambda: [made(source, number) for number in range(int(count))],
            "make-refused": lambda: made_refused(source),
            "make-more": lambda: made_more(source),
        }
        print(json.dumps(makers[command](), indent=1))


main(*sys.argv[1:])
