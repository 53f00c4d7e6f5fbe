# The image of the product, with a container engine. Where there is none, `go run ./hack/image` makes the same image: what
# is in it is said in hack/image/main.go and here, so change both.
#
#   docker build --build-arg VERSION=v0.1.0 -t usher:v0.1.0 .

# The pages: agent console and customer widget.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS web
WORKDIR /src/runtime
COPY runtime/package.json runtime/package-lock.json runtime/.npmrc ./
COPY runtime/protocol/package.json protocol/
COPY runtime/console/package.json console/
COPY runtime/widget/package.json widget/
COPY runtime/testing/package.json testing/
# Not `npm ci`: it wants optional packages of every platform in the lock file, and ours names only those of the platform
# that it was written on. Versions are exact, so this installs the same.
RUN --mount=type=cache,target=/root/.npm npm install
COPY runtime/ ./
RUN npm run build

# The program, static, for the platform that the image is for.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS program
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
COPY --from=web /src/runtime/console/dist runtime/console/dist
COPY --from=web /src/runtime/widget/dist runtime/widget/dist
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -buildvcs=false -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/usher .
RUN mkdir -p /out/etc/ssl/certs /out/tmp \
 && echo 'nonroot:x:65532:65532:nonroot:/:/sbin/nologin' > /out/etc/passwd \
 && echo 'nonroot:x:65532:' > /out/etc/group \
 && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ \
 && chmod 1777 /out/tmp

FROM scratch
LABEL org.opencontainers.image.title="usher" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=program /out/ /
USER 65532:65532
ENTRYPOINT ["/usher"]
