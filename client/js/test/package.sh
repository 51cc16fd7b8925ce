#!/bin/sh
# Checks what npm would publish: that it installs, that its types are right, that bundlers take of it only what is used, and that it works in Node 20 and
# later. It fetches its tools with npm, into a directory that it removes.
set -eu
cd "$(dirname "$0")/.."
js=$(pwd)
cases=$js/harness/package
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step() { echo "== $*"; }
fail() {
	echo "package: $*" >&2
	exit 1
}
quiet() { "$@" >"$work/log" 2>&1 || { tail -n 60 "$work/log"; fail "$*"; }; }

step "packs"
cmp -s LICENSE ../../LICENSE || fail "LICENSE is not the repository's"
quiet npm pack --pack-destination "$work"
tar -tzf "$work"/*.tgz | sed 's/^package.//' | sort >"$work/packed"
sort >"$work/wanted" <<-'END'
	LICENSE
	README.md
	client.d.ts
	dist/app.js
	dist/client.js
	dist/core.js
	dist/discover.js
	dist/engineio.js
	dist/longpoll.js
	dist/mock.js
	dist/sockjs.js
	dist/sse.js
	dist/ws.js
	package.json
	src/transport.d.ts
	test/fakeserver.js
	test/testing.js
	test/transportkit.js
	test/websocket.js
	types/app.d.ts
	types/core.d.ts
	types/discover.d.ts
	types/engineio.d.ts
	types/longpoll.d.ts
	types/mock.d.ts
	types/sockjs.d.ts
	types/sse.d.ts
	types/testing.d.ts
	types/transportkit.d.ts
	types/ws.d.ts
END
diff "$work/wanted" "$work/packed" || fail "that is not what is to be in it"

step "installs into an empty project"
mkdir "$work/project"
cd "$work/project"
echo '{"private":true,"type":"module"}' >package.json
quiet npm install --no-audit --no-fund "$work"/*.tgz
[ "$(ls node_modules)" = sojourn-client ] || fail "it brought others: $(ls node_modules)"

step "has types"
quiet npm install --no-audit --no-fund --save-dev typescript@7.0.2 @types/node@20 ws@8 @types/ws@8 esbuild@0.28.2 vite@8
check() { quiet npx tsc --noEmit --strict --target es2022 --lib es2023,dom,dom.iterable "$@"; }
cp "$cases"/* .
{ echo '/// <reference path="./readme.d.ts" />'; awk '/^```js/ { on = 1; next } /^```/ { exit } on' "$js/README.md"; } |
	sed "s#'/rt/client.js'#'sojourn-client'#" >readme.ts
check --module nodenext --types '' consumer.ts testing.ts
check --module esnext --moduleResolution bundler --types '' consumer.ts testing.ts
check --module nodenext --types '' --noImplicitAny false readme.ts # it is JavaScript
check --module nodenext --types node node_modules/sojourn-client/types/*.d.ts
# The sources, whose types are in comments: only here, where there is a compiler.
mkdir sources
cp -R "$js/../../transports" "$js/../../services" sources
mkdir -p sources/client/js
cp -R "$js"/*.d.ts "$js/src" "$js/types" "$js/test" "$js/dist" sources/client/js/
check --module nodenext --types node --allowJs --checkJs --maxNodeModuleJsDepth 0 sources/client/js/src/*.js sources/transports/*/ws.js \
	sources/transports/*/sse.js sources/transports/*/longpoll.js sources/transports/*/mock.js sources/transports/*/engineio.js sources/transports/*/sockjs.js sources/client/js/test/toy.js sources/client/js/test/testing.js \
	sources/services/*/client.js

step "is bundled"
quiet npx esbuild consumer.ts page.js --bundle --format=esm --outdir=bundled
echo '<script type="module" src="./page.js"></script>' >index.html
quiet npx vite build --outDir vite
for page in bundled/page.js vite/assets/*.js; do
	grep -q longpoll "$page" || fail "$page lacks a transport"
	! grep -q WebSocket "$page" || fail "$page has a transport that it does not use"
done

for version in 20 22 24; do
	step "works in Node $version"
	quiet npx -y "node@$version" --test run.js
done
