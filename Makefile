# The thin front: each target installs what it needs by itself.
.PHONY: help setup engines build install deb dist aarch64 demo check test check-all fuzz bench reference format lint clean
help:
	@echo "make demo    detects objects in an image and a video, into demo/"
	@echo "make check   builds everything and runs the fast tests: less than ten minutes on two cores, after a build"
	@echo "make test    builds everything and runs the tests"
	@echo "make check-all  the tests, then lint, sanitizers, the debug build, emulated processors and fuzzing: hours"
	@echo "make fuzz MINUTES=10  each fuzz target for so long"
	@echo "make build   the release programs, in build/bin"
	@echo "make install PREFIX=/usr/local  installs the release programs"
	@echo "make deb     the Debian packages, in build/package; make deb ARCH=arm64 cross-builds those for Arm, in build/package-arm64"
	@echo "make dist    the source archive, in build"
	@echo "make aarch64 what runs on a Raspberry Pi, in build/aarch64/bin, tested under an emulator"
	@echo "make engines fetches TensorFlow Lite, ONNX Runtime and Arm NN beside OpenVINO"
	@echo "make bench   benchmarks of the parts"
	@echo "make reference  docs/reference/cli.md, man page and completion, from the program's options"
	@echo "make format  formats the sources; make format CHECK=1 only checks"
	@echo "make lint    shellcheck, clang-tidy with locks, type names, includes that go one way, and the prose of the documents; make lint CHANGED=1 only what changed"
	@echo "make clean   removes what was built"

setup:
	@scripts/setup.sh build

engines: setup
	@scripts/setup.sh engines

build: engines
	@scripts/setup.sh train
	@scripts/build.sh release octet_installed

install: build
	@cmake --install build --prefix $(or $(PREFIX),/usr/local) --strip

deb:
	@scripts/deb.sh $(ARCH)

dist:
	@scripts/dist.sh

aarch64:
	@scripts/aarch64.sh

demo: setup
	@scripts/build.sh release octet
	@scripts/demo.sh

check: engines
	@scripts/setup.sh train test
	@scripts/build.sh release
	@ctest --test-dir build --output-on-failure -j $$(nproc) -L fast

test: engines
	@scripts/setup.sh train test
	@scripts/build.sh release
	@ctest --test-dir build --output-on-failure -j $$(nproc)

check-all: test
	@scripts/check_all.sh

fuzz:
	@scripts/fuzz.sh $$(( $(or $(MINUTES),10) * 60 ))

bench: setup
	@scripts/build.sh release
	@build/bin/octet_bench

reference: build
	@scripts/make_reference.py build/bin/octet

format:
	@scripts/setup.sh lint
	@scripts/format.sh $(if $(CHECK),--check)

lint: setup
	@scripts/setup.sh lint
	@scripts/check_includes.sh
	@scripts/check_types.py src
	@scripts/check_prose.py
	@scripts/check_messages.py docs/guide/troubleshooting.md src
	@scripts/lint.sh $(if $(CHANGED),changed)

clean:
	rm -rf build demo
