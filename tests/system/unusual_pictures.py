#!/usr/bin/env python3
"""unusual_pictures.py [--dump FILE] [--folder FOLDER]: makes unusual pictures, and compares what octet reads with what OpenCV shows
(cv2.imread with IMREAD_COLOR). Exit status 1 where sizes differ, or pixels differ by more than decoders do. Needs Python with
opencv, numpy and Pillow, and Debian's imagemagick, libtiff-tools and webp.

What is turned by EXIF or TIFF's tag is compared upright, as viewers show it; the list says where OpenCV does not turn it."""

import argparse
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

import cv2
import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The furthest that the mean of the differences of a picture may be: of kinds that two decoders scale or round differently.
# Of 5 bits OpenCV leaves the lowest three of 8 empty, so that white is 248.
SAME, ROUNDED, FIVE_BITS = 0, 0.6, 4


def scene(width=61, height=43):
    """Smooth colours, an edge, and a corner that shows how the picture is turned."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 255 // width, y * 255 // height, (x * 2 + y * 3) % 256], axis=2).astype(np.uint8)
    rgb[:9, :17] = (255, 40, 0)
    return rgb


def noise(width=48, height=40):
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def run(*command):
    subprocess.run([str(c) for c in command], check=True, capture_output=True)


def pillow(name, mode="RGB", **options):
    return name, lambda path: Image.fromarray(scene()).convert(mode).save(path, **options)


def magick(name, *options):
    def make(path):
        png = path.with_name("_scene.png")
        Image.fromarray(scene()).save(png)
        run("convert", png, *options, path)

    return name, make


def tiffcp(name, *options, mode="RGB", before=None):
    def make(path):
        first = path.with_name("_scene.tif")
        image = Image.fromarray(scene(150, 110)) if mode != "noise" else Image.fromarray(noise())
        (image if mode == "noise" else image.convert(mode)).save(first, **(before or {}))
        run("tiffcp", *options, first, path)

    return name, make


def array(name, values, **options):
    return name, lambda path: cv2.imwrite(str(path), values(), [v for pair in options.items() for v in pair])


def edited(name, make, change):
    def both(path):
        make(path)
        path.write_bytes(change(path.read_bytes()))

    return name, both


def exif(orientation, big=False):
    order = ">" if big else "<"
    return (b"MM\0*" if big else b"II*\0") + struct.pack(order + "IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)


def png_chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_png_exif(orientation):
    return lambda data: data[:33] + png_chunk(b"eXIf", exif(orientation, big=True)) + data[33:]


def sixteen(kind):
    colour = scene().astype(np.uint16)[:, :, ::-1] * 257 // 2 + np.arange(61, dtype=np.uint16)[None, :, None] * 100
    return colour if kind == "rgb" else colour[:, :, 0]


def raw(name, data):
    return name, lambda path: path.write_bytes(data)


def bmp_header(bits, compression, data, palette=b"", masks=b"", top_down=False, width=61, height=43):
    offset = 14 + 40 + len(masks) + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, width, -height if top_down else height, 1, bits, compression, len(data), 2835, 2835, len(palette) // 4, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + info + masks + palette + data


def bmp_rows(make_row, top_down=False):
    rows = [make_row(row) for row in scene()]
    rows = [r + b"\0" * (-len(r) % 4) for r in rows]
    return b"".join(rows if top_down else rows[::-1])


def bmp_565():
    row = lambda r: b"".join(struct.pack("<H", (int(p[0]) >> 3) << 11 | (int(p[1]) >> 2) << 5 | int(p[2]) >> 3) for p in r)
    return bmp_header(16, 3, bmp_rows(row), masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F))


def bmp_555():
    row = lambda r: b"".join(struct.pack("<H", (int(p[0]) >> 3) << 10 | (int(p[1]) >> 3) << 5 | int(p[2]) >> 3) for p in r)
    return bmp_header(16, 0, bmp_rows(row))


def bmp_32(top_down):
    row = lambda r: b"".join(bytes([p[2], p[1], p[0], 255]) for p in r)
    return bmp_header(32, 0, bmp_rows(row, top_down), top_down=top_down)


def bmp_4():
    palette = b"".join(bytes([i * 16, 255 - i * 16, i * 7, 0]) for i in range(16))
    def row(r):
        values = [int(p[0]) >> 4 for p in r] + [0]
        return bytes(values[i] << 4 | values[i + 1] for i in range(0, 61, 2))
    return bmp_header(4, 0, bmp_rows(row), palette)


def bmp_rle8():
    palette = b"".join(bytes([i, 255 - i, i // 2, 0]) for i in range(256))
    data = b""
    for r in scene()[::-1]:
        for i in range(0, 60, 3):
            data += bytes([3, int(r[i][0])])
        data += bytes([1, int(r[60][0])]) + b"\0\0"
    return bmp_header(8, 1, data + b"\0\1", palette)


def bmp_os2():
    data = bmp_rows(lambda r: b"".join(bytes([p[2], p[1], p[0]]) for p in r))
    return b"BM" + struct.pack("<IHHI", 26 + len(data), 0, 0, 26) + struct.pack("<IHHHH", 12, 61, 43, 1, 24) + data


def pnm(header, values):
    return header + values


def jpeg(path, **options):
    Image.fromarray(scene()).save(path, "JPEG", quality=95, **options)


def without_end(data):
    assert data.endswith(b"\xff\xd9")
    return data[:-2]


def cmyk_jpeg(path, adobe):
    png, profileless = path.with_name("_scene.png"), ["+profile", "*"]
    Image.fromarray(scene()).save(png)
    if adobe:
        run("convert", png, "-colorspace", "CMYK", *profileless, "-quality", "95", path)
    else:
        Image.fromarray(scene()).convert("CMYK").save(path, quality=95)


def animated_webp(path, lossless):
    pictures = [Image.fromarray(np.roll(scene(), 5 * i, axis=1)) for i in range(3)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100, lossless=lossless, quality=90)


def webp_with_exif(orientation):
    return lambda path: Image.fromarray(scene()).save(path, lossless=True, exif=exif(orientation))


def tiff_turned(orientation):
    return lambda path: Image.fromarray(scene()).save(path, tiffinfo={274: orientation})


def tiff_by_hand(bits, photometric, samples, data, width=61, height=43, extra=()):
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (259, 3, 1, 1), (262, 3, 1, photometric), (273, 4, 1, 8),
               (277, 3, 1, samples), (278, 4, 1, height), (279, 4, 1, len(data)), *extra]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *e) for e in sorted(entries)) + b"\0\0\0\0"
    data += b"\0" * (len(data) % 2)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + directory


PICTURES = [
    ("plain.jpg", jpeg, SAME),
    ("progressive.jpg", lambda p: jpeg(p, progressive=True), SAME),
    ("444.jpg", lambda p: jpeg(p, subsampling=0), SAME),
    ("422.jpg", lambda p: jpeg(p, subsampling=1), SAME),
    (*pillow("grey.jpg", "L", quality=95), SAME),
    (*edited("no-end-marker.jpg", jpeg, without_end), SAME),
    (*edited("no-end-marker-progressive.jpg", lambda p: jpeg(p, progressive=True), without_end), SAME),
    (*edited("junk-behind.jpg", jpeg, lambda d: d + b"junk" * 100), SAME),
    ("cmyk.jpg", lambda p: cmyk_jpeg(p, False), SAME),
    ("ycck.jpg", lambda p: cmyk_jpeg(p, True), SAME),
    (*magick("rgb.jpg", "-set", "colorspace", "RGB", "-quality", "95"), SAME),
    *[(f"turned-{o}.jpg", lambda p, o=o: jpeg(p, exif=b"Exif\0\0" + exif(o)), SAME) for o in range(1, 9)],
    (*pillow("plain.png"), SAME),
    (*pillow("grey.png", "L"), SAME),
    (*pillow("grey-alpha.png", "LA"), SAME),
    (*pillow("alpha.png", "RGBA"), SAME),
    (*pillow("one-bit.png", "1"), SAME),
    (*pillow("palette.png", "P"), SAME),
    (*magick("palette-alpha.png", "-alpha", "set", "-channel", "A", "-evaluate", "set", "40%", "+channel", "-colors", "16", "-define", "png:format=png8"), SAME),
    (*magick("four-bit.png", "-colors", "12", "-define", "png:bit-depth=4", "-define", "png:color-type=3"), SAME),
    (*magick("two-bit-grey.png", "-colorspace", "gray", "-depth", "2", "-define", "png:bit-depth=2", "-define", "png:color-type=0"), SAME),
    (*magick("interlaced.png", "-interlace", "PNG"), SAME),
    (*magick("interlaced-16.png", "-interlace", "PNG", "-depth", "16", "-define", "png:bit-depth=16", "-modulate", "93"), ROUNDED),
    (*magick("transparent-colour.png", "-transparent", "rgb(255,40,0)", "-define", "png:color-type=2"), SAME),
    (*array("sixteen.png", lambda: sixteen("rgb")), ROUNDED),
    (*array("sixteen-grey.png", lambda: sixteen("grey")), ROUNDED),
    ("animated.png", lambda p: Image.fromarray(scene()).save(p, save_all=True, append_images=[Image.fromarray(noise(61, 43))]), SAME),
    *[(*edited(f"turned-{o}.png", lambda p: Image.fromarray(scene()).save(p), with_png_exif(o)), SAME) for o in range(2, 9)],
    (*pillow("lossless.webp", lossless=True), SAME),
    (*pillow("lossy.webp", quality=90), SAME),
    (*pillow("alpha.webp", "RGBA", lossless=True), SAME),
    ("lossy-alpha.webp", lambda p: Image.fromarray(np.dstack([scene(), np.full((43, 61), 90, np.uint8)])).save(p, quality=90), SAME),
    ("animated.webp", lambda p: animated_webp(p, False), SAME),
    ("animated-lossless.webp", lambda p: animated_webp(p, True), SAME),
    *[(f"turned-{o}.webp", webp_with_exif(o), SAME) for o in range(2, 9)],
    (*pillow("plain.tif"), SAME),
    (*pillow("grey.tif", "L"), SAME),
    (*pillow("one-bit.tif", "1"), SAME),
    (*pillow("one-bit-group4.tif", "1", compression="group4"), SAME),
    (*pillow("one-bit-group3.tif", "1", compression="group3"), SAME),
    (*pillow("palette.tif", "P"), SAME),
    (*pillow("alpha.tif", "RGBA"), SAME),
    (*pillow("cmyk.tif", "CMYK"), SAME),
    (*tiffcp("lzw.tif", "-c", "lzw"), SAME),
    (*tiffcp("lzw-predicted.tif", "-c", "lzw:2"), SAME),
    (*tiffcp("deflate.tif", "-c", "zip"), SAME),
    (*tiffcp("packbits.tif", "-c", "packbits"), SAME),
    (*tiffcp("jpeg.tif", "-c", "jpeg", "-r", "16"), SAME),
    (*tiffcp("jpeg-rgb.tif", "-c", "jpeg:r", "-r", "32"), SAME),
    (*tiffcp("jpeg-tiled.tif", "-c", "jpeg", "-t", "-w", "64", "-l", "64"), SAME),
    (*tiffcp("jpeg-grey.tif", "-c", "jpeg", "-r", "16", mode="L"), SAME),
    (*tiffcp("tiled.tif", "-t", "-w", "32", "-l", "48"), SAME),
    (*tiffcp("tiled-lzw.tif", "-c", "lzw", "-t", "-w", "64", "-l", "64"), SAME),
    (*tiffcp("planes.tif", "-p", "separate"), SAME),
    (*tiffcp("planes-tiled.tif", "-p", "separate", "-t", "-w", "32", "-l", "32"), SAME),
    (*tiffcp("big-endian.tif", "-B"), SAME),
    (*tiffcp("bigtiff.tif", "-8"), SAME),
    (*tiffcp("strips.tif", "-r", "1"), SAME),
    (*tiffcp("lsb-first.tif", "-f", "lsb2msb", mode="1"), SAME),
    (*array("sixteen.tif", lambda: sixteen("rgb")), SAME),
    (*array("sixteen-grey.tif", lambda: sixteen("grey")), SAME),
    (*raw("white-is-zero.tif", tiff_by_hand(8, 0, 1, scene()[:, :, 0].tobytes())), SAME),
    (*magick("lab.tif", "-colorspace", "Lab", "-compress", "none"), SAME),
    ("pages.tif", lambda p: Image.fromarray(scene()).save(p, save_all=True, append_images=[Image.fromarray(noise())]), SAME),
    *[(f"turned-{o}.tif", tiff_turned(o), SAME) for o in range(2, 9)],
    (*pillow("plain.bmp"), SAME),
    (*pillow("palette.bmp", "P"), SAME),
    (*pillow("one-bit.bmp", "1"), SAME),
    (*pillow("grey.bmp", "L"), SAME),
    (*raw("565.bmp", bmp_565()), FIVE_BITS),
    (*raw("555.bmp", bmp_555()), FIVE_BITS),
    (*raw("32.bmp", bmp_32(False)), SAME),
    (*raw("top-down.bmp", bmp_32(True)), SAME),
    (*raw("four-bit.bmp", bmp_4()), SAME),
    (*raw("rle8.bmp", bmp_rle8()), SAME),
    (*raw("os2.bmp", bmp_os2()), SAME),
    (*magick("v5-alpha.bmp", "-alpha", "set", "-define", "bmp:format=bmp4"), SAME),
    (*raw("plain.ppm", pnm(b"P6\n# a comment\n61 43\n255\n", scene().tobytes())), SAME),
    (*raw("sixteen.ppm", pnm(b"P6 61 43 65535\n", (scene().astype(">u2") * 257).tobytes())), ROUNDED),
    (*raw("text.ppm", pnm(b"P3\n61 43\n255\n", " ".join(map(str, scene().flatten())).encode() + b"\n")), SAME),
    (*raw("grey.ppm", pnm(b"P5\n61 43\n255\n", scene()[:, :, 0].tobytes())), SAME),
    (*raw("one-bit.ppm", pnm(b"P4\n61 43\n", np.packbits(scene()[:, :, 0] > 99, axis=1).tobytes())), SAME),
]


def octet_reads(dump, path):
    out = path.with_name("_octet.ppm")
    out.unlink(missing_ok=True)
    done = subprocess.run([dump, path, out], capture_output=True, text=True)
    if done.returncode != 0:
        return None, done.stderr.strip()
    header, size, most, pixels = out.read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3), ""


def turned(picture, orientation):
    """As it stands upright: EXIF's tag 0x112."""
    return {1: lambda p: p, 2: np.fliplr, 3: lambda p: np.rot90(p, 2), 4: np.flipud, 5: lambda p: p.transpose(1, 0, 2), 6: lambda p: np.rot90(p, 3),
            7: lambda p: np.rot90(p, 2).transpose(1, 0, 2), 8: np.rot90}[orientation](picture)


def opencv_shows(path):
    """What is right, and a note where OpenCV does not turn it."""
    shown = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if not path.stem.startswith("turned-"):
        return shown, ""
    lossy = path.suffix == ".jpg"
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION) if lossy else scene()[:, :, ::-1]
    upright = turned(stored, int(path.stem[-1]))
    agrees = shown is not None and shown.shape == upright.shape and bool((shown == upright).all())
    return upright, "" if agrees else "; OpenCV does not turn it"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--dump", type=pathlib.Path, default=ROOT / "build/bin/dump_picture")
    arguments.add_argument("--folder", type=pathlib.Path, help="where the pictures are made, and stay")
    arguments.add_argument("--only", default="", help="those whose name has this in it")
    options = arguments.parse_args()
    furthest = {}
    wrong = compared = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name, make, allowed in PICTURES:
            path = folder / name
            if options.only not in name:
                continue
            if not path.exists():
                make(path)
            shown, note = opencv_shows(path)
            read, error = octet_reads(options.dump, path)
            compared += 1
            complaint = ""
            if read is None:
                complaint = "not read: " + error
            elif shown is None:
                note = "read, though OpenCV cannot"
            elif shown.shape != read.shape:
                complaint = f"{read.shape} instead of {shown.shape}"
            else:
                difference = np.abs(shown[:, :, ::-1].astype(int) - read.astype(int))
                mean = difference.mean()
                kind = path.suffix
                furthest[kind] = max(furthest.get(kind, 0), mean)
                note = f"mean {mean:.3f}, most {difference.max()}" + note
                if mean > allowed:
                    complaint = "differs: " + note
            wrong += bool(complaint)
            print(f"{name:32} {complaint or 'equal: ' + note}", flush=True)
    print(f"{compared} pictures compared, {wrong} differ; the furthest mean difference of a kind:", {k: round(float(v), 3) for k, v in furthest.items()})
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
