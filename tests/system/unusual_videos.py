#!/usr/bin/env python3
"""unusual_videos.py [--octet FILE] [--folder FOLDER]: makes unusual videos with ffmpeg, and compares what 'octet live' reads of
each with what 'ffprobe -show_frames' says: the number of frames, and their times to the millisecond. Exit status 1 where they
differ. Cut files have to be noticed, and leave their recording."""

import argparse
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = ROOT / "tests/data/checkpoints/v8.4.190-detect3.pt"
SOURCE = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=2"]
SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:duration=4"]
# Frames 0-9 at their time, then every fourth, then a pause of three seconds.
VFR = ["-vf", "select='lt(n,10)+gt(n,9)*not(mod(n,4))',setpts='PTS+gt(N,14)*3/TB'", "-fps_mode", "vfr"]
H264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
MPEG4 = ["-c:v", "mpeg4"]


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def simple(name, *arguments):
    return name, lambda path: ffmpeg(*SOURCE, *arguments, path)


def from_first(name, first, *arguments, before=()):
    """A video that is made of another one, without encoding again."""

    def make(path):
        whole = path.with_name("_" + path.name)
        ffmpeg(*SOURCE, *first, whole)
        ffmpeg(*before, "-i", whole, "-c", "copy", *arguments, path)
        whole.unlink()

    return name, make


def edited(name, change, *arguments):
    """A video whose bytes are changed after it was made."""

    def make(path):
        ffmpeg(*SOURCE, *arguments, path)
        path.write_bytes(change(path.read_bytes()))

    return name, make


def with_matrix(matrix):
    """The display matrix of the first track: ISO/IEC 14496-12, 8.3.2."""

    def change(data):
        at = data.index(b"tkhd") + 4 + 40
        words = [round(v * (1 << (30 if i % 3 == 2 else 16))) for i, v in enumerate(matrix)]
        return data[:at] + struct.pack(">9i", *words) + data[at + 36:]

    return change


def with_empty_chunks(data):
    """An AVI, every fifth chunk of which is empty: its picture is the one before once more."""
    movi = data.index(b"movi")
    end = movi + struct.unpack("<I", data[movi - 4:movi])[0]
    at, number, chunks, index = movi + 4, 0, b"", b""
    while at < end:
        name, size = data[at:at + 4], struct.unpack("<I", data[at + 4:at + 8])[0]
        body = b"" if number % 5 == 4 else data[at + 8:at + 8 + size]
        index += name + struct.pack("<III", 16 if number == 0 else 0, 4 + len(chunks), len(body))
        chunks += name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
        at, number = at + 8 + size + size % 2, number + 1
    body = data[12:movi - 8] + b"LIST" + struct.pack("<I", 4 + len(chunks)) + b"movi" + chunks + b"idx1" + struct.pack("<I", len(index)) + index
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"AVI " + body


def with_frames(count):
    """An AVI that says it has so many frames."""

    def change(data):
        at = data.index(b"avih") + 8 + 16
        data = data[:at] + struct.pack("<I", count) + data[at + 4:]
        at = data.index(b"strh") + 8 + 32
        return data[:at] + struct.pack("<I", count) + data[at + 4:]

    return change


def without_frame_times(path):
    ffmpeg(*SOURCE, *H264, "-bf", 2, "-f", "h264", path)


VIDEOS = [
    simple("plain.mp4", *H264),
    simple("b-frames.mp4", *H264, "-bf", 3),
    simple("b-frames.avi", *MPEG4, "-bf", 2),
    simple("b-frames-mpeg4.mkv", *MPEG4, "-bf", 2, "-frames:v", 20),
    simple("b-frames-h264.avi", *H264, "-bf", 2),
    simple("open-gop.mp4", *H264, "-bf", 2, "-x264-params", "open-gop=1:keyint=10:min-keyint=5"),
    from_first("open-gop-cut.ts", [*H264, "-bf", "2", "-x264-params", "open-gop=1:keyint=10:min-keyint=5"], before=("-ss", "0.5")),
    simple("vfr.mp4", *VFR, *H264),
    simple("vfr.mkv", *VFR, *H264),
    simple("vfr.webm", *VFR, "-c:v", "libvpx", "-deadline", "realtime"),
    simple("vfr-vp9.webm", *VFR, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"),
    from_first("edit-list.mp4", [*H264, "-g", "25", "-bf", "2"], before=("-ss", "1.3")),
    from_first("edit-list-end.mp4", [*H264, "-g", "50", "-bf", "2"], "-t", "0.9", before=("-ss", "0.4")),
    simple("delayed.mp4", *H264, "-output_ts_offset", "3"),
    simple("negative.mp4", *H264, "-bf", 2, "-output_ts_offset", "-0.5", "-avoid_negative_ts", "disabled", "-use_editlist", "0"),
    simple("negative.mkv", *H264, "-output_ts_offset", "-0.5", "-avoid_negative_ts", "disabled"),
    simple("interlaced.mp4", *H264, "-flags", "+ildct+ilme", "-x264-params", "tff=1"),
    simple("interlaced.mpg", "-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-bf", 2),
    simple("odd-size.mkv", "-vf", "crop=37:29", "-c:v", "ffv1"),
    simple("ten-bit.mp4", *H264[:4], "-pix_fmt", "yuv420p10le"),
    simple("ten-bit-hevc.mp4", "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none"),
    simple("hevc.mkv", "-c:v", "libx265", "-preset", "ultrafast", "-bf", 3, "-x265-params", "log-level=none"),
    simple("yuv444.mp4", *H264[:4], "-pix_fmt", "yuv444p"),
    simple("rgb.avi", "-c:v", "rawvideo", "-pix_fmt", "bgr24"),
    simple("rgb-ffv1.mkv", "-c:v", "ffv1", "-pix_fmt", "bgr0"),
    simple("pictures.gif", "-r", "10"),
    simple("vfr.gif", *VFR),
    simple("mjpeg.avi", "-c:v", "mjpeg"),
    edited("empty-chunks.avi", with_empty_chunks, "-c:v", "mjpeg", "-q:v", 20, "-frames:v", 10),
    edited("empty-chunks-mpeg4.avi", with_empty_chunks, *MPEG4, "-g", "1"),
    edited("more-frames-promised.avi", with_frames(500), "-c:v", "mjpeg"),
    edited("fewer-frames-promised.avi", with_frames(7), "-c:v", "mjpeg"),
    simple("plain.ts", *H264, "-bf", 2),
    simple("offset.ts", *H264, "-output_ts_offset", "5000"),
    simple("wraps.ts", *H264, "-output_ts_offset", "95441.2"),
    simple("plain.flv", *H264),
    simple("vfr.flv", *VFR, "-c:v", "flv"),
    simple("fragmented.mp4", *H264, "-bf", 2, "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-g", "10"),
    simple("sidx.mp4", *H264, "-movflags", "dash", "-frag_duration", "500000"),
    edited("turned-90.mov", with_matrix([0, 1, 0, -1, 0, 0, 48, 0, 1]), *H264),
    edited("turned-180.mov", with_matrix([-1, 0, 0, 0, -1, 0, 64, 48, 1]), *H264),
    edited("turned-270.mov", with_matrix([0, -1, 0, 1, 0, 0, 0, 64, 1]), *H264),
    edited("mirrored.mov", with_matrix([-1, 0, 0, 0, 1, 0, 64, 0, 1]), *H264),
    edited("upside-down.mov", with_matrix([1, 0, 0, 0, -1, 0, 0, 48, 1]), *H264),
    edited("mirrored-90.mov", with_matrix([0, 1, 0, 1, 0, 0, 0, 0, 1]), *H264),
    edited("mirrored-270.mov", with_matrix([0, -1, 0, -1, 0, 0, 48, 64, 1]), *H264),
    simple("single.mp4", "-frames:v", "1", *H264),
    simple("single.avi", "-frames:v", "1", "-c:v", "mjpeg"),
    ("longer-sound.mp4", lambda path: ffmpeg(*SOURCE, *SOUND, *H264, "-c:a", "aac", path)),
    ("longer-sound.mkv", lambda path: ffmpeg(*SOURCE, *SOUND, *H264, "-c:a", "aac", path)),
    ("longer-sound.ts", lambda path: ffmpeg(*SOURCE, *SOUND, *H264, "-c:a", "aac", path)),
    ("sound-first.mp4", lambda path: ffmpeg("-itsoffset", "0.7", *SOURCE, *SOUND, *H264, "-c:a", "aac", path)),
    simple("slow.mp4", "-r", "1/2", "-t", "2", *H264),
    simple("ntsc.mp4", "-r", "30000/1001", *H264),
    simple("vp8.ivf", "-c:v", "libvpx", "-deadline", "realtime"),
    simple("theora.ogv", "-c:v", "libtheora"),
    simple("wmv.asf", "-c:v", "wmv2"),
    simple("mpeg1.mpg", "-c:v", "mpeg1video", "-bf", 2),
    ("raw.h264", without_frame_times),
    simple("raw.hevc", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"),
    simple("raw.m4v", *MPEG4),
    simple("prores.mov", "-c:v", "prores"),
    simple("animated.apng", "-f", "apng"),
    simple("dv.dv", "-s", "720x576", "-pix_fmt", "yuv420p", "-frames:v", "5"),
]
# What is cut is made like these; of each 60 percent are left.
LONGER = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=6", "-f", "lavfi", "-i", "sine=duration=6"]
CUT = [("index-first.mp4", [*H264, "-g", "25", "-movflags", "faststart"]), ("fragments.mp4", [*H264, "-g", "25", "-movflags", "frag_keyframe+empty_moov"]),
       ("dash.mp4", [*H264, "-g", "25", "-movflags", "dash"]), ("matroska.mkv", [*H264, "-g", "25"]), ("webm.webm", ["-c:v", "libvpx", "-deadline", "realtime"]),
       ("flash.flv", [*H264, "-g", "25"]), ("pictures.avi", ["-c:v", "mjpeg"]), ("mpeg4.avi", MPEG4)]
# Nothing in these says that there was more.
ENDS_ANYWHERE = [("transport.ts", [*H264, "-g", "25"]), ("theora.ogv", ["-c:v", "libtheora"]), ("raw.h264", [*H264, "-bf", "0", "-an"])]


def cut(name, *arguments):
    def make(path):
        ffmpeg(*LONGER, *arguments, path)
        data = path.read_bytes()
        path.write_bytes(data[:len(data) * 6 // 10])

    return "cut-" + name, make


def expected(path):
    """The times of a file's frames, of the first on, in milliseconds; None where it says nothing."""
    out = subprocess.run(["ffprobe", "-v", "quiet", "-select_streams", "v:0", "-show_frames", "-show_entries",
                          "frame=best_effort_timestamp,best_effort_timestamp_time", "-show_streams", "-of", "json", path],
                         check=True, capture_output=True).stdout
    told = json.loads(out)
    rate = told["streams"][0]["r_frame_rate"].split("/")
    times = [f.get("best_effort_timestamp_time") for f in told["frames"]]
    if any(t is None for t in times):
        return [1000 * i * int(rate[1]) / int(rate[0]) for i in range(len(times))]
    return [1000 * (float(t) - float(times[0])) for t in times]


def read(octet, path, lines, *more):
    done = subprocess.run([octet, "live", "--imgsz", "64", "--model", TINY, "--source", path, "--jsonl", lines, *more], capture_output=True, text=True)
    return done, [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []


def compare(octet, path, lines):
    """What is wrong, or nothing."""
    wanted = expected(path)
    done, results = read(octet, path, lines)
    times = [r["time_ms"] for r in results]
    if done.returncode != 0:
        return f"{len(times)} of {len(wanted)} frames, exit {done.returncode}: {done.stderr.strip().splitlines()[-1]}"
    if len(times) != len(wanted):
        return f"{len(times)} frames instead of {len(wanted)}"
    furthest = max((abs(a - b) for a, b in zip(times, wanted)), default=0)
    return f"times differ by up to {furthest:.1f} ms" if furthest >= 1 else ""


def compare_cut(octet, path, lines):
    frames = len(expected(path))
    recording = path.with_name("recording.mp4")
    recording.unlink(missing_ok=True)
    done, results = read(octet, path, lines, "--save", recording)
    said = done.stderr.strip().splitlines()[-1:] or [""]
    if "cut short" not in said[0]:
        return f"not noticed: exit {done.returncode}, {said[0]}"
    if not recording.exists() or len(expected(recording)) != frames or len(results) != frames:
        return f"{len(results)} of {frames} results"
    return ""


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--octet", type=pathlib.Path, default=ROOT / "build/bin/octet")
    arguments.add_argument("--folder", type=pathlib.Path, help="where the videos are made, and stay")
    arguments.add_argument("--only", default="", help="those whose name has this in it")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        wrong = compared = 0
        checks = [(name, make, compare) for name, make in VIDEOS]
        checks += [(*cut(name, *more), compare_cut) for name, more in CUT]
        checks += [(*cut(name, *more), compare) for name, more in ENDS_ANYWHERE]
        for name, make, check in checks:
            path = folder / name
            if options.only not in name:
                continue
            if not path.exists():
                make(path)
            lines = folder / "lines.jsonl"
            lines.unlink(missing_ok=True)
            complaint = check(options.octet, path, lines)
            compared += 1
            wrong += bool(complaint)
            print(f"{name:28} {complaint or 'equal'}", flush=True)
    print(f"{compared} videos compared, {wrong} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
