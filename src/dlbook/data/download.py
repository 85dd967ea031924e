"""Download one file: streamed with a progress bar, checked, and moved into place only when it is right."""

from __future__ import annotations

import hashlib
import http.client
import os
import secrets
import urllib.request
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from dlbook.data.kinds import DataError

CHUNK = 1 << 18  # bytes a read: small enough for a live bar, large enough not to cost time
TIMEOUT = 30.0  # seconds without a byte before an address is given up


class _Failed(Exception):
    """One address did not give the file; the next may."""


def download(urls: Sequence[str], path: Path, md5: str) -> Path:
    """Fetch `path` from the first of `urls` that serves the bytes with this MD5.

    The bytes go to a temporary name in the same folder, which is removed whatever happens; only a complete and
    verified file gets its final name. Raises DataError: folder not writable, or no address gave the file.
    """
    reasons = []
    for url in urls:
        part = _temporary(path)
        try:
            _stream(url, part, path.name, md5)
            os.replace(part, path)
            return path
        except _Failed as error:
            reasons.append(f"{url}: {error}")
        except OSError as error:
            raise _unwritable(path.parent, error) from error
        finally:
            with suppress(OSError):
                part.unlink()
    raise DataError(
        f"Could not download {path.name} ({'; '.join(reasons)}): check the network and try again, put the file "
        f"there yourself as {path}, or let DLBOOK_DATA name a folder that has it."
    )


def check_md5(path: Path, expected: str) -> bytes:
    """The content of a file after its MD5 was found right; raises DataError where it is not."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"Could not read {path} ({_reason(error)}): make it readable, or delete it.") from error
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != expected:
        raise DataError(
            f"{path} is truncated or corrupt{_looks_like(content[:512])}: its MD5 is {found} ({len(content):,} bytes), "
            f"expected {expected}; delete the file and fetch it again."
        )
    return content


def _temporary(path: Path) -> Path:
    """An empty new file beside `path`, hidden."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.touch(exist_ok=False)
    except OSError as error:
        raise _unwritable(path.parent, error) from error
    return part


def _unwritable(folder: Path, error: OSError) -> DataError:
    return DataError(
        f"Could not write into the data folder {folder} ({_reason(error)}): make it writable, free some space, or "
        "let DLBOOK_DATA name another folder."
    )


def _stream(url: str, part: Path, label: str, md5: str) -> None:
    """Copy the answer of `url` into `part`; raises _Failed for what the address did, OSError for the disk."""
    try:
        answer = urllib.request.urlopen(url, timeout=TIMEOUT)
    except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
        raise _Failed(_reason(error)) from error
    digest = hashlib.md5(usedforsecurity=False)
    head, received = b"", 0
    length = answer.headers.get("Content-Length", "")
    expected = int(length) if length.isdecimal() else 0  # 0: the server does not say
    with answer, part.open("wb") as file, _bar(label, expected) as bar:
        while chunk := _read(answer):
            file.write(chunk)
            digest.update(chunk)
            head, received = head or chunk[:512], received + len(chunk)
            bar.update(len(chunk))
    if received < expected:
        raise _Failed(f"the connection ended after {received:,} of {expected:,} bytes")
    if digest.hexdigest() != md5:
        raise _Failed(f"it served something else{_looks_like(head)}, MD5 {digest.hexdigest()}, expected {md5}")


def _read(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _Failed(f"the connection broke ({_reason(error)})") from error


def _bar(label: str, total: int) -> AbstractContextManager:
    from tqdm import tqdm

    return tqdm(total=total or None, unit="B", unit_scale=True, unit_divisor=1024, desc=label, leave=False)


def _looks_like(head: bytes) -> str:
    start = head.lstrip().lower()
    page = start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml"))
    return " (a web page in place of data)" if page else ""


def _reason(error: BaseException) -> str:
    """The shortest honest text of an error from the system or the network."""
    inner = getattr(error, "reason", None)
    if isinstance(inner, OSError):
        error = inner
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
