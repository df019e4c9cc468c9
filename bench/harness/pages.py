"""The lists that the upstream serves: JSON as the Kayle API writes it, of exact sizes, different for every tenant."""
import hashlib
import json

SMALL_BYTES, LARGE_BYTES = 5_632, 102_400
SMALL_TARGET, LARGE_TARGET = "/v1/sessions?limit=4", "/v1/sessions?limit=72"
CLAIMS = ["document_type", "document_number", "issuing_country", "nationality", "surname", "given_names", "sex",
          "date_of_birth", "date_of_expiry", "document_photo", "selfie", "optional_data", "kayle_document_id"]


def row(tenant, index):
    """One session: random-looking, but the same in every run."""
    digest = hashlib.sha256(f"{tenant} {index}".encode()).hexdigest()
    fields = {claim: {"required": True, "reason": f"Needed to open an account ({digest[:8]})"} for claim in CLAIMS[:12]}
    # In the order of the list, and before every cursor that the benchmark asks for: a stored page answers smaller questions and no miss.
    return {"id": f"vs_live_a{index:04d}{digest[5:]}", "status": "completed", "contract_version": 1,
            "redirect_url": f"https://example.com/return/{digest[:16]}", "share_fields": fields,
            "created_at": "2026-11-23T10:00:00.000Z", "updated_at": "2026-11-23T10:04:00.000Z",
            "expires_at": "2026-11-23T11:00:00.000Z", "completed_at": "2026-11-23T10:04:00.000Z"}


# What is read off a stored page: the page, and a question that no other page decides. Of the small one three of its four rows, with a
# parameter that the large one was not asked with; of the large one more rows than the small one has, and the same by a filter. And one
# row alone, by its id.
SLICES = {"hit-slice": (f"{SMALL_TARGET}&include_attempts=true", "/v1/sessions?limit=3&include_attempts=true"),
          "hit-slice-72": (LARGE_TARGET, "/v1/sessions?limit=5"),
          "hit-slice-filtered": (LARGE_TARGET, "/v1/sessions?limit=5&status=completed"),
          "hit-row": (SMALL_TARGET, f"/v1/sessions/{row('acme', 1)['id']}")}


def rows_alone(tenant, rows):
    """A list answer as long as its rows make it."""
    sessions = [row(tenant, index) for index in range(rows)]
    return text({"data": sessions, "error": None, "pagination": {"limit": rows, "has_more": True, "next_cursor": sessions[-1]["id"]}})


def text(document):
    """JSON without blanks."""
    return json.dumps(document, separators=(",", ":")).encode()


def page(tenant, rows, size):
    """A list answer of exactly this many bytes: what is missing goes into the last row's URL."""
    sessions = [row(tenant, index) for index in range(rows)]
    document = {"data": sessions, "error": None, "pagination":
                {"limit": rows, "has_more": True, "next_cursor": sessions[-1]["id"]}}
    missing = size - len(text(document))
    if missing < 0:
        for session in sessions:
            session["share_fields"] = dict(list(session["share_fields"].items())[:10])
        missing = size - len(text(document))
    sessions[-1]["redirect_url"] += "x" * missing
    body = text(document)
    assert len(body) == size, f"{len(body)} bytes instead of {size}"
    return body


def answer(body, status="200 OK"):
    """An HTTP answer with the fields that the Kayle API sends."""
    return (f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nVary: Origin\r\n"
            f"Access-Control-Allow-Credentials: true\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body
