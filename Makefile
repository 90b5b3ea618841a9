# The few words that people type. Meson does the building; each variant has its own folder under build/.

RELEASE     = --buildtype=release -Db_lto=true -Dtests=false
PREFIX     ?= /usr/local

.PHONY: all deps deps-bench deps-demo deps-ui demo ui check mutants fuzz coverage siege scale oracles bench bench-crypto deb \
        deps-deb install clean

all: build/release/build.ninja
	@ninja -C build/release

# On a terminal it stays up, with the web app; KEEP=0: it ends when all was shown, as it does in a pipe; KEEP=1: never by itself
demo: deps-demo all
	@test -e ui/dist/index.html || $(MAKE) --no-print-directory ui || echo "The web app could not be built; the demo goes on without it."
	@/usr/bin/python3 tests/demo.py $(if $(filter 0 no,$(KEEP)),--no-keep,$(if $(KEEP),--keep))

check: deps
	@/usr/bin/python3 tools/suite

mutants: deps
	@/usr/bin/python3 tests/mutants/run.py

# A minute for each target, or for one: make fuzz TARGET=addr_fuzz SECONDS=600 KEEP=1 (adds to the seeds)
fuzz: deps
	@/usr/bin/python3 tools/fuzz $(TARGET) --seconds $(or $(SECONDS),60) $(if $(KEEP),--keep)

# Lines and branches that the unit tests and the fuzzers' seeds run, by folder, and with E2E=1 the end-to-end tests; doc/siege.md
coverage: deps
	@/usr/bin/python3 tools/coverage $(if $(E2E),--e2e)

# Ten thousand answers while roles are killed, or so many: make siege ANSWERS=500; then both roads, broken at each place, or at so
# many of each kind: MOST=20; then the power goes, at each place of a life, or of as many as HOURS=n sees; then a quarter of an hour
# at most of what can be served, or HOURS=n, with a fault every few seconds. Minutes to hours, so no part of check; doc/siege.md
siege: deps build/test/build.ninja
	@ninja -C build/test
	@POSTERN_BUILD=test /usr/bin/python3 tests/siege/replies.py $(if $(ANSWERS),--answers $(ANSWERS))
	@POSTERN_BUILD=test /usr/bin/python3 tests/siege/places.py $(if $(MOST),--most $(MOST))
	@POSTERN_BUILD=test /usr/bin/python3 tests/siege/power.py $(if $(HOURS),--hours $(HOURS)) $(if $(MOST),--most $(MOST)0)
	@POSTERN_BUILD=test /usr/bin/python3 tests/siege/soak.py $(if $(HOURS),--hours $(HOURS))

# Whether size or too many clients make slow: idle sessions, large stores, a long queue, overload, large messages; doc/siege.md
scale: deps deps-bench build/test/build.ninja
	@ninja -C build/test
	@POSTERN_BUILD=test /usr/bin/python3 tests/siege/sessions.py
	@POSTERN_BUILD=test /usr/bin/python3 tests/siege/scale.py rows
	@POSTERN_BUILD=test /usr/bin/python3 tests/siege/scale.py queue
	@POSTERN_BUILD=test /usr/bin/python3 tests/siege/overload.py
	@POSTERN_BUILD=test /usr/bin/python3 tests/siege/big.py

# Whether time tells what answers do not
oracles: deps build/test/build.ninja
	@ninja -C build/test
	@POSTERN_BUILD=test /usr/bin/python3 tests/bench/reply_oracles.py

# The web app, into ui/dist, which `make install` takes along; needs Node and the npm registry, once
ui: deps-ui
	@cd ui && npm ci --silent && npm run --silent build

# Postern beside Postfix, into var/bench.json and doc/performance-*.svg; bench-crypto: the bare primitives
bench: deps-bench all
	@/usr/bin/python3 tests/bench/bench.py
	@/usr/bin/python3 tests/bench/latency.py
	@/usr/bin/python3 tests/bench/plot.py
	@POSTERN_BUILD=release /usr/bin/python3 tests/bench/reply_latency.py

bench-crypto: all
	@meson test -C build/release --benchmark --verbose

# build/package/postern_VERSION_ARCH.deb, without a network
deb: deps-deb
	@tools/deb

install: all
	@meson install -C build/release

deps:
	@tools/deps

deps-bench:
	@tools/deps bench

deps-deb:
	@tools/deps deb

deps-demo:
	@tools/deps demo

deps-ui:
	@tools/deps ui

clean:
	rm -rf build var ui/dist ui/node_modules

build/test/build.ninja:
	@meson setup build/test --buildtype=release -Db_lto=true -Dtests=false -Dtesthooks=true -Dwerror=true >/dev/null

build/release/build.ninja:
	@meson setup build/release --prefix=$(PREFIX) $(RELEASE) >/dev/null
