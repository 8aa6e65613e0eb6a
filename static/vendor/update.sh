#!/bin/sh
# Copies the browser libraries out of node_modules and records what they are. Run after changing package.json.
set -eu
cd "$(dirname "$0")"
modules=../../node_modules

copy() { # package, file in it, separator before the next entry
	cp "$modules/$1/$2" .
	name=$(basename "$2")
	# A source map is not served, so nothing may point to one.
	sed -i '/^\/\/# sourceMappingURL=/d' "$name"
	field() { node -p "require('$modules/$1/package.json').$2"; }
	printf '  {"file": "%s", "package": "%s", "version": "%s", "license": "%s", "sha256": "%s"}%s\n' \
		"$name" "$1" "$(field "$1" version)" "$(field "$1" license)" "$(sha256sum "$name" | cut -d' ' -f1)" "$3"
}

{
	echo '['
	copy htmx.org dist/htmx.min.js ,
	copy socket.io-client dist/socket.io.min.js ''
	echo ']'
} > versions.json
