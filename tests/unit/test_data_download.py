"""Full sets: reading gzipped files, and every way in which a download goes wrong. All servers are on loopback."""

import gzip
import hashlib
import http.server
import io
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dlbook import data
from dlbook.data import DataError, download, official
from dlbook.data.official import OFFICIAL, Remote, idx

PAGE = b"<!DOCTYPE html>\n<html><title>Log in to the network</title></html>" * 9
BODY = bytes(range(251)) * 1_000


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def serve(monkeypatch):
    """`serve({"file": (status, body, stated length)})` answers on loopback; gives the address before the name."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    servers = []

    def start(files: dict[str, tuple[int, bytes, int]]) -> str:
        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, body, length = files.get(self.path[1:], (404, b"", 0))
                self.send_response(status)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def whole(body: bytes) -> tuple[int, bytes, int]:
    return 200, body, len(body)


def idx_file(array: np.ndarray) -> bytes:
    header = b"\0\0\x08" + bytes([array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)


@pytest.fixture
def toy_mnist(monkeypatch, tmp_path):
    """A set with MNIST's four files: 7 training and 3 test images of 5 x 4; returns the files, home is empty."""
    files = {}
    for part, n in (("train", 7), ("t10k", 3)):
        files[f"{part}-images-idx3-ubyte.gz"] = idx_file(np.arange(n * 5 * 4).reshape(n, 5, 4))
        files[f"{part}-labels-idx1-ubyte.gz"] = idx_file(np.arange(n))
    monkeypatch.setenv("DLBOOK_DATA", str(tmp_path))

    def serve_at(address: str) -> None:
        listed = tuple(Remote(name, md5(body), (address + name,)) for name, body in files.items())
        monkeypatch.setattr(official, "remotes", lambda name: listed)

    serve_at("http://127.0.0.1:9/")  # nobody answers there
    return files, serve_at


# ---------------------------------------------------------------- reading


@given(st.lists(st.integers(0, 6), min_size=1, max_size=4))
def test_idx_files_are_read(shape):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    found = idx(idx_file(array), Path("x.gz"))
    assert found.dtype == torch.uint8
    assert np.array_equal(found.numpy(), array)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (PAGE, "not a whole gzip file"),
        (idx_file(np.zeros((5, 3)))[:-9], "not a whole gzip file"),
        (gzip.compress(PAGE), "not an IDX file"),
        (gzip.compress(b"\0\0\x08"), "not an IDX file"),
        (gzip.compress(b"\0\0\x08\x03\0\0\0\x02"), "not an IDX file"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x05abcd"), "holds 4 values where its header states [5]"),
    ],
)
def test_idx_files_that_are_none(content, says):
    with pytest.raises(DataError) as caught:
        idx(content, Path("x.gz"))
    assert str(caught.value).startswith("x.gz ")
    assert says in str(caught.value)


def test_gzipped_files_are_read_where_they_lie(toy_mnist, tmp_path):
    files, _ = toy_mnist
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    for name, content in files.items():
        (tmp_path / "MNIST" / "raw" / name).write_bytes(content)
    found = data.load("mnist")
    assert tuple(found.x.shape) == (7, 1, 5, 4)
    assert tuple(found.test.x.shape) == (3, 1, 5, 4)
    assert found.y.dtype == torch.int64
    assert found.y.tolist() == list(range(7))
    assert found.x.flatten().tolist() == list(range(140))
    assert sorted(p.name for p in tmp_path.rglob("*.gz")) == sorted(files)
    assert "MD5 agrees" in data.verify("mnist")


def python_2_pickle(thing) -> bytes:
    """As Python 2 and its NumPy wrote CIFAR-10's files: text and pixels are strings of bytes."""

    def item(x) -> bytes:
        if isinstance(x, dict):
            return b"}(" + b"".join(item(part) for pair in x.items() for part in pair) + b"u"
        if isinstance(x, list):
            return b"](" + b"".join(map(item, x)) + b"e"
        if isinstance(x, int):
            return b"K" + bytes([x])
        if isinstance(x, str):
            return b"U" + bytes([len(x)]) + x.encode()
        rows, columns = (b"M" + n.to_bytes(2, "little") for n in x.shape)
        empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R"
        dtype = b"cnumpy\ndtype\nU\x02u1K\0K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
        pixels = b"T" + x.size.to_bytes(4, "little") + x.tobytes()
        return empty + b"(K\x01" + rows + columns + b"\x86" + dtype + b"\x89" + pixels + b"tb"

    return b"\x80\x02" + item(thing) + b"."


def test_cifar_is_read_from_its_archive(monkeypatch, tmp_path):
    rows = np.arange(3 * 3072, dtype=np.uint32).reshape(3, 3072) % 256
    parts = {
        "data_batch_1": {"data": rows[:2].astype(np.uint8), "labels": [1, 0]},
        "data_batch_2": {"data": rows[2:].astype(np.uint8), "labels": [1]},
        "test_batch": {"data": rows[1:2].astype(np.uint8), "labels": [0]},
        "batches.meta": {"label_names": ["cat", "dog"]},
    }
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in reversed(parts.items()):
            raw = python_2_pickle(content)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
    (tmp_path / "cifar.tar.gz").write_bytes(file.getvalue())
    monkeypatch.setenv("DLBOOK_DATA", str(tmp_path))
    monkeypatch.setattr(official, "remotes", lambda name: (Remote("cifar.tar.gz", md5(file.getvalue()), ()),))
    found = data.load("cifar10")
    assert tuple(found.x.shape) == (3, 3, 32, 32)
    assert found.classes == ("cat", "dog")
    assert (found.y.tolist(), found.test.y.tolist()) == ([1, 0, 1], [0])
    assert torch.equal(found.x[1], found.test.x[0])
    assert found.x[2, 1, 0, 5] == (2 * 3072 + 1024 + 5) % 256


@pytest.mark.parametrize("harm", ["truncated", "page", "one bit"])
def test_a_harmed_file_in_the_folder_is_named(toy_mnist, tmp_path, harm):
    files, _ = toy_mnist
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    for name, content in files.items():
        (tmp_path / "MNIST" / "raw" / name).write_bytes(content)
    name, content = "t10k-labels-idx1-ubyte.gz", bytearray(files["t10k-labels-idx1-ubyte.gz"])
    content[20] ^= 1
    path = tmp_path / "MNIST" / "raw" / name
    path.write_bytes({"truncated": content[:11], "page": PAGE, "one bit": content}[harm])
    for verb in (data.load, data.fetch, data.verify):
        with pytest.raises(DataError) as caught:
            verb("mnist")
        message = str(caught.value)
        assert str(path) in message
        assert md5(files[name]) in message
        assert "delete the file" in message
        assert ("web page" in message) == (harm == "page")
    assert path.exists()  # a reader's file is never removed


# ---------------------------------------------------------------- downloading


def test_missing_files_are_downloaded_once(toy_mnist, serve, tmp_path, capsys):
    files, serve_at = toy_mnist
    with pytest.raises(DataError, match=r"mnist is not complete.*train-images-idx3-ubyte.gz is missing"):
        data.verify("mnist")
    serve_at(serve({name: whole(body) for name, body in files.items()}))
    paths = data.fetch("mnist")
    assert [p.name for p in paths] == list(files)
    assert all(p.parent == tmp_path / "MNIST" / "raw" for p in paths)
    assert "train-images" in capsys.readouterr().err  # the bar
    serve_at("http://127.0.0.1:9/")
    assert len(data.load("mnist")) == 7
    assert sorted(p.name for p in paths[0].parent.iterdir()) == sorted(files)  # nothing else is left


def test_the_next_address_is_tried(serve, tmp_path):
    bad, good = serve({"f.gz": whole(PAGE)}), serve({"f.gz": whole(BODY)})
    path = download.download([bad + "f.gz", good + "f.gz"], tmp_path / "new" / "f.gz", md5(BODY))
    assert path.read_bytes() == BODY
    assert [p.name for p in path.parent.iterdir()] == ["f.gz"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (whole(PAGE), "a web page in place of data"),
        (whole(b"\n  <html>nothing here"), "a web page in place of data"),
        (whole(BODY[:-1]), "served something else"),
        ((200, BODY[:500], len(BODY)), f"ended after 500 of {len(BODY):,} bytes"),
        ((404, b"", 0), "HTTP Error 404"),
        ((503, PAGE, len(PAGE)), "HTTP Error 503"),
    ],
)
def test_a_wrong_answer_leaves_nothing(serve, tmp_path, answer, says):
    url = serve({"f.gz": answer}) + "f.gz"
    with pytest.raises(DataError) as caught:
        download.download([url], tmp_path / "f.gz", md5(BODY))
    message = str(caught.value)
    assert says in message
    assert url in message
    assert str(tmp_path / "f.gz") in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []


def test_no_network(toy_mnist, tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz.*refused.*check the network.*DLBOOK_DATA"):
        data.load("mnist")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_stalled_server(serve, tmp_path, monkeypatch):
    import socket

    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/f.gz"
        with pytest.raises(DataError, match="timed out"):
            download.download([url], tmp_path / "f.gz", md5(BODY))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_download_leaves_nothing(serve, tmp_path, monkeypatch, error):
    url = serve({"f.gz": whole(BODY * 5)}) + "f.gz"
    read, seen = download._read, []

    def interrupted(answer):
        if seen:
            raise error
        seen.append([p.name for p in tmp_path.iterdir()])
        return read(answer)

    monkeypatch.setattr(download, "_read", interrupted)
    with pytest.raises(error):
        download.download([url], tmp_path / "f.gz", md5(BODY * 5))
    assert len(seen[0]) == 1
    assert seen[0][0] != "f.gz"
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(serve, tmp_path, monkeypatch):
    url = serve({"f.gz": whole(BODY)}) + "f.gz"

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download.os, "replace", full)
    with pytest.raises(DataError, match=r"Could not write into the data folder.*No space left"):
        download.download([url], tmp_path / "f.gz", md5(BODY))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(toy_mnist, serve, tmp_path, monkeypatch):
    files, serve_at = toy_mnist
    serve_at(serve({name: whole(body) for name, body in files.items()}))
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("DLBOOK_DATA", str(tmp_path / "file" / "cache"))
    for verb in (data.load, data.fetch):
        with pytest.raises(DataError, match=r"Could not write into the data folder .*file.cache.*DLBOOK_DATA"):
            verb("mnist")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_descriptions_are_complete():
    assert set(OFFICIAL) == {"fashion_mnist", "mnist", "cifar10"}
    assert all(entry.about and entry.source for entry in OFFICIAL.values())
