# syntax=docker/dockerfile:1
# A small image with Parley as a static binary, run without root.
#   docker build --build-arg VERSION=$(git describe --always) -t parley .

FROM golang:1.26-alpine AS build
WORKDIR /src
COPY . .
ARG VERSION=
# The built templates, styles and browser libraries are committed, so the build needs only Go.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /parley ./cmd/parley

FROM alpine:3.22
RUN adduser -D -H -u 10001 parley && mkdir /data && chown parley:parley /data
COPY --from=build /parley /usr/local/bin/parley
USER parley
ENV ADDR=:8080 DATA_DIR=/data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/readyz"]
ENTRYPOINT ["parley"]
CMD ["serve"]
