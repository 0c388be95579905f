# syntax=docker/dockerfile:1
#
# The server, iac-runner, git, terraform and tofu, as a user without rights. Build it with `docker compose build`.
#
# Go is not in it: it is large, and only builds of providers from Git need it. How to add it in an image of your own:
# docs/operations.md, "Go for builds". Everything else of the registry works without.
#
# Whoever builds should check these against what the publishers say, and again whenever a version is changed:
# - the fingerprints of the two keys: https://www.hashicorp.com/trust/security and https://opentofu.org/docs/intro/install/
# - the versions of terraform and tofu.
# What is downloaded is used only if its checksum is in a SHA256SUMS file that the key of that fingerprint has signed.
# A fingerprint that is not the publisher's any more stops the build; it never lets anything else in.

ARG NODE_IMAGE=node:24-bookworm-slim

# ---- terraform and tofu, verified
FROM debian:bookworm-slim AS tools
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates curl gnupg unzip \
 && rm -rf /var/lib/apt/lists/*

ARG TERRAFORM_VERSION=1.11.4
ARG TERRAFORM_KEY_URL=https://www.hashicorp.com/.well-known/pgp-key.txt
ARG TERRAFORM_KEY_FINGERPRINT=C874011F0AB405110D02105534365D9472D7468F
ARG TERRAFORM_BASE_URL=https://releases.hashicorp.com/terraform/${TERRAFORM_VERSION}

ARG OPENTOFU_VERSION=1.11.14
ARG OPENTOFU_KEY_URL=https://get.opentofu.org/opentofu.asc
ARG OPENTOFU_KEY_FINGERPRINT=E3E6E43D84CB852EADB0051D0C0AF313E5FD9F80
ARG OPENTOFU_BASE_URL=https://github.com/opentofu/opentofu/releases/download/v${OPENTOFU_VERSION}

# amd64 or arm64; the builder sets it.
ARG TARGETARCH

WORKDIR /tools
COPY <<'SCRIPT' /usr/local/bin/fetch-tool
#!/bin/sh
# fetch-tool NAME VERSION BASE_URL SIGNATURE_SUFFIX KEY_URL FINGERPRINT ARCH: leaves the program NAME in the current folder.
set -eu
name=$1 version=$2 base=$3 signature=$4 key_url=$5 fingerprint=$6 arch=$7
zip=${name}_${version}_linux_${arch}.zip
sums=${name}_${version}_SHA256SUMS
work=$(mktemp -d)
export GNUPGHOME="$work/gnupg"
mkdir -m 700 "$GNUPGHOME"
fetch() { curl --fail --silent --show-error --location --retry 3 --output "$work/$1" "$2"; }

fetch key "$key_url"
fetch "$sums" "$base/$sums"
fetch "$sums.signature" "$base/$sums.$signature"
fetch "$zip" "$base/$zip"

gpg --batch --quiet --import "$work/key"
# VALIDSIG ends with the fingerprint of the primary key. Another key that the file may hold does not count.
gpg --batch --status-fd 1 --verify "$work/$sums.signature" "$work/$sums" > "$work/status" || true
grep -Eq "^\[GNUPG:\] VALIDSIG .* $fingerprint\$" "$work/status" || {
  echo "fetch-tool: $sums is not signed by the key $fingerprint" >&2
  exit 1
}
cd "$work"
grep -E "^[0-9a-f]{64}  $zip\$" "$sums" > expected || { echo "fetch-tool: $sums does not name $zip" >&2; exit 1; }
sha256sum --check --strict --quiet expected
cd "$OLDPWD"
unzip -q -o "$work/$zip" "$name"
chmod 0755 "$name"
rm -rf "$work"
SCRIPT
RUN chmod 0755 /usr/local/bin/fetch-tool \
 && arch="${TARGETARCH:-$(dpkg --print-architecture)}" \
 && fetch-tool terraform "$TERRAFORM_VERSION" "$TERRAFORM_BASE_URL" sig \
      "$TERRAFORM_KEY_URL" "$TERRAFORM_KEY_FINGERPRINT" "$arch" \
 && fetch-tool tofu "$OPENTOFU_VERSION" "$OPENTOFU_BASE_URL" gpgsig \
      "$OPENTOFU_KEY_URL" "$OPENTOFU_KEY_FINGERPRINT" "$arch" \
 && ./terraform version && ./tofu version

# ---- the server, built; sqlite3 and node-pty are compiled here and not downloaded
FROM ${NODE_IMAGE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ make python3 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# The image has the headers of its own Node.js.
ENV npm_config_build_from_source=true npm_config_nodedir=/usr/local
COPY package.json package-lock.json .npmrc ./
COPY scripts/setup.mjs scripts/
RUN node --input-type=module -e "import('/app/scripts/setup.mjs').then((setup) => setup.ensureInstalled())"
COPY . .
RUN node scripts/build.mjs \
 && npm prune --omit=dev --no-audit --no-fund \
 && rm -rf node_modules/node-pty/prebuilds node_modules/node-pty/third_party node_modules/sqlite3/deps \
      node_modules/*/build/Release/obj.target node_modules/*/build/Release/.deps \
 && node -e "require('sqlite3'); require('node-pty')" \
 && node dist/runner/iac-runner.js --version

# ---- what runs
FROM ${NODE_IMAGE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates git openssh-client tini \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o node -g node -m 0700 /data
COPY --from=tools /tools/terraform /tools/tofu /usr/local/bin/
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
ENV NODE_ENV=production HOST=0.0.0.0 PORT=9080 DATA_DIR=/data
USER node
VOLUME /data
EXPOSE 9080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# tini reaps what a killed tool leaves behind, and passes SIGTERM to the server alone, never to terraform.
ENTRYPOINT ["tini", "--"]
# A small young generation: 20 MiB less of idle memory for no measured loss of speed.
CMD ["node", "--max-semi-space-size=4", "dist/src/main.js"]
