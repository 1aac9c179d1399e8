"""Software bill of materials, SPDX 2.3 as JSON.

The image is a package that contains the guest images; it is generated from the project's files;
guest images come from Debian packages, with the hashes under which they were fetched; the compiler
and its companions are build tools. Every identifier follows from contents, and the date of creation
is the commit's, so that the same inputs give the same bytes.

@req EVID-6
"""

import hashlib
import json
import re

from evidence.build import ROOT, EvidenceError, relative

LICENSE = "NOASSERTION"
BUILD_TOOLS = ("aarch64-linux-gnu-gcc", "cc1", "as", "ld", "objcopy", "python3", "make")
# Which Debian packages the images in a folder of build/guests are made of (by start of the name).
MADE_OF = {"linux": ("linux-image-", "busybox-static"), "uboot": ("u-boot-qemu",),
           "grub": ("grub-efi-arm64-bin", "linux-image-", "busybox-static")}


def guest_packages():
    """(name, version, sha256) of each Debian package that guests were made of."""
    path = ROOT / "build" / "guests" / "MANIFEST"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise EvidenceError(f"{relative(path)}: {error.strerror}; run make guests") from error
    return [tuple(line.split()) for line in lines if line.strip()]


def guest_files(resolved):
    """(file, sha256) of every guest image of the description, by name."""
    found = {}

    def look(node):
        if isinstance(node, dict):
            if {"file", "sha256"} <= node.keys():
                found[node["file"]] = node["sha256"]
            for item in node.values():
                look(item)
        elif isinstance(node, list):
            for item in node:
                look(item)

    look(resolved["vms"])
    return sorted(found.items())


def packages_of(name, packages):
    """The Debian packages (rows of the manifest) that the guest image `name` is made of."""
    folder = re.search(r"build/guests/([^/]+)/", name)
    starts = MADE_OF.get(folder[1], ()) if folder else ()
    return [p for p in packages if p[0].startswith(starts)] if starts else []


def sbom(build, files, tools, identity, commit):
    """The document. files: (path, bytes) of the project."""
    document = _Document()
    system = document.package(f"bulkhead-{build.name}", commit["id"],
                              identity["image"]["sha256"], "the system image",
                              purpose="OPERATING-SYSTEM")
    source = document.package("bulkhead-source", commit["id"], None, "the project's own files",
                              purpose="SOURCE")
    document.relate("SPDXRef-DOCUMENT", "DESCRIBES", system)
    document.relate(system, "GENERATED_FROM", source)
    document.add_files(source, files)
    packages = guest_packages()
    for name, digest in guest_files(build.resolved):
        image = document.package(name, digest[:12], digest, "guest image in the system image")
        document.relate(system, "CONTAINS", image)
        for package in packages_of(name, packages):
            document.relate(image, "GENERATED_FROM", document.debian(*package))
    for tool in tools:
        if tool["tool"] in BUILD_TOOLS:
            used = document.package(tool["tool"], tool["package_version"], tool["sha256"],
                                    tool["what"], purpose="APPLICATION",
                                    purl=_purl(tool["package"], tool["package_version"]))
            document.relate(used, "BUILD_TOOL_OF", system)
    return document.finished(build.name, commit["date"])


def _purl(name, version, architecture=None):
    if not name:
        return None
    return (f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}"
            + (f"?arch={architecture}" if architecture else ""))


class _Document:
    def __init__(self):
        self.packages, self.files, self.relations = {}, [], []

    def relate(self, one, how, other):
        """One relationship between two elements."""
        row = {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other}
        if row not in self.relations:
            self.relations.append(row)

    def package(self, name, version, digest, what, purpose="FILE", purl=None):
        """Adds a package once; returns its identifier."""
        key = hashlib.sha256(f"{name} {version} {digest}".encode()).hexdigest()[:12]
        identifier = f"SPDXRef-Package-{re.sub('[^A-Za-z0-9.-]+', '-', name)}-{key}"
        row = {"SPDXID": identifier, "name": name, "versionInfo": version, "summary": what,
               "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
               "licenseConcluded": LICENSE, "licenseDeclared": LICENSE,
               "copyrightText": "NOASSERTION", "primaryPackagePurpose": purpose}
        if digest:
            row["checksums"] = [{"algorithm": "SHA256", "checksumValue": digest}]
        if purl:
            row["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER",
                                    "referenceType": "purl", "referenceLocator": purl}]
        self.packages.setdefault(identifier, row)
        return identifier

    def debian(self, name, version, digest):
        """A Debian package for arm64, as it was fetched."""
        return self.package(name, version, digest, "Debian package, arm64", purpose="ARCHIVE",
                            purl=_purl(name, version, "arm64"))

    def add_files(self, package, files):
        """The files of a package, each with SHA-1 (which SPDX 2.3 demands) and SHA-256."""
        sums = []
        for name, data in files:
            sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
            sha256 = hashlib.sha256(data).hexdigest()
            sums.append(sha1)
            identifier = f"SPDXRef-File-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
            self.files.append({
                "SPDXID": identifier, "fileName": f"./{name}", "licenseConcluded": LICENSE,
                "licenseInfoInFiles": [LICENSE], "copyrightText": "NOASSERTION",
                "checksums": [{"algorithm": "SHA1", "checksumValue": sha1},
                              {"algorithm": "SHA256", "checksumValue": sha256}]})
            self.relate(package, "CONTAINS", identifier)
        code = hashlib.sha1("".join(sorted(sums)).encode(), usedforsecurity=False).hexdigest()
        self.packages[package] |= {
            "filesAnalyzed": True, "licenseInfoFromFiles": [LICENSE],
            "packageVerificationCode": {"packageVerificationCodeValue": code}}

    def finished(self, name, date):
        """The document; its namespace follows from its contents."""
        body = {"packages": [self.packages[k] for k in sorted(self.packages)],
                "files": self.files, "relationships": self.relations}
        key = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
                "name": f"bulkhead-{name}",
                "documentNamespace": f"https://spdx.org/spdxdocs/bulkhead-{name}-{key}",
                "creationInfo": {"created": date, "creators": ["Tool: bulkhead-evidence"]}, **body}
