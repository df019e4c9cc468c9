"""A token for every way in which one can be refused."""
import json
import secrets
import zlib

# Each is answered 401, byte for byte the same but for request id and date.
KINDS = ("malformed", "checksum", "unknown", "removed", "secret", "expired", "early")
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def complete(start):
    """A token with its checksum: CRC-32 of what stands before it, in seven digits of base 36."""
    number, digits = zlib.crc32(start.encode()), ""
    for _ in range(7):
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return start + digits


def draw(count):
    """So many random digits."""
    return "".join(secrets.choice(DIGITS) for _ in range(count))


def tokens(stage):
    """The tokens, by kind; those that the store knows are issued, and the store is edited by hand."""
    folder = stage.path("credentials")
    words = ("token", "issue", "--tenant", "beta", "--scope", "sessions:read", "--config", f"{folder}/gateway.json")
    issued = {kind: stage.gateway(*words).strip() for kind in ("removed", "expired", "early")}
    with open(f"{folder}/tenants.json") as file:
        store = json.load(file)
    for tenant in store["tenants"]:
        tenant["tokens"] = [token for token in tenant["tokens"] if token["id"] != issued["removed"][5:17]]
        for token in tenant["tokens"]:
            if token["id"] == issued["expired"][5:17]:
                token["expires_at"] = "2026-01-01T00:00:00Z"
            if token["id"] == issued["early"][5:17]:
                token["not_before"] = "9999-01-01T00:00:00Z"
    with open(f"{folder}/tenants.json", "w") as file:
        json.dump(store, file, indent=2)
    good = stage.tenants[0].token
    return issued | {
        "malformed": "kgw_1" + draw(20), "checksum": good[:-1] + DIGITS[DIGITS.index(good[-1]) - 1],
        "unknown": complete("kgw_1" + draw(12 + 31)), "secret": complete(good[:17] + draw(31))}
