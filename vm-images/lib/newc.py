"""Writes an initramfs (a "newc" cpio archive, gzip-compressed) without root and deterministically.

Usage: newc.py OUT.cpio.gz --tree DIR [--file ARCHIVE_PATH=HOST_PATH:MODE]... \
               [--link ARCHIVE_PATH=TARGET]... [--node ARCHIVE_PATH=c:MAJOR:MINOR:MODE]...

Every file of DIR goes into the archive under its relative path, with mode 0755 when it is
executable and 0644 otherwise; --file, --link and --node add what a source tree cannot hold.
Owners are root, times are 0, entries are sorted and parents come before children: the bytes
depend on names, contents and modes only. Format: Linux Documentation/driver-api/early-userspace/
buffer-format.rst.
"""

import argparse
import gzip
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    path: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)


def padded(data):
    return data + b"\0" * (-len(data) % 4)


def record(entry, inode):
    name = entry.path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    fields = (inode, entry.mode, 0, 0, links, 0, len(entry.data), 0, 0, *entry.device, len(name), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return padded(header + name) + padded(entry.data)


def parents(path):
    parts = path.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def archive(entries):
    by_path = {entry.path: entry for entry in entries}
    for path in list(by_path):
        for parent in parents(path):
            by_path.setdefault(parent, Entry(parent, stat.S_IFDIR | 0o755))
    members = [by_path[path] for path in sorted(by_path)]
    body = b"".join(record(entry, inode) for inode, entry in enumerate(members, start=1))
    return body + record(Entry("TRAILER!!!", 0), 0)


def tree_entries(root):
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            yield Entry(name, stat.S_IFLNK | 0o777, str(path.readlink()).encode())
        elif path.is_dir():
            yield Entry(name, stat.S_IFDIR | 0o755)
        else:
            mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            yield Entry(name, stat.S_IFREG | mode, path.read_bytes())


def file_entry(argument):
    name, rest = argument.split("=", 1)
    host, mode = rest.rsplit(":", 1)
    return Entry(name, stat.S_IFREG | int(mode, 8), Path(host).read_bytes())


def link_entry(argument):
    name, target = argument.split("=", 1)
    return Entry(name, stat.S_IFLNK | 0o777, target.encode())


def node_entry(argument):
    name, rest = argument.split("=", 1)
    kind, major, minor, mode = rest.split(":")
    type_bits = {"c": stat.S_IFCHR, "b": stat.S_IFBLK}[kind]
    return Entry(name, type_bits | int(mode, 8), device=(int(major), int(minor)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--tree", type=Path, required=True)
    parser.add_argument("--file", type=file_entry, action="append", default=[])
    parser.add_argument("--link", type=link_entry, action="append", default=[])
    parser.add_argument("--node", type=node_entry, action="append", default=[])
    args = parser.parse_args()
    entries = [*tree_entries(args.tree), *args.file, *args.link, *args.node]
    args.out.write_bytes(gzip.compress(archive(entries), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
