# syntax=docker/dockerfile:1
# One file, two images:
#
#   docker build --target manager    -t ghcr.io/maestra-io/webhook-operator-manager:dev .
#   docker build --target dispatcher -t ghcr.io/maestra-io/webhook-operator-dispatcher:dev .

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY api api
COPY cmd cmd
COPY controllers controllers
COPY dispatcher dispatcher
ARG TARGETOS TARGETARCH VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    for program in manager dispatcher; do \
      CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath \
        -ldflags "-s -w -X main.version=$VERSION" -o "/out/$program" "./cmd/$program" || exit 1; \
    done

# Nothing but the program and the certificates it trusts receivers by. The user has
# a number, since Kubernetes cannot see that a name is not root.
FROM scratch AS base
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
USER 65532:65532

FROM base AS manager
COPY --from=build /out/manager /manager
ENTRYPOINT ["/manager"]

FROM base AS dispatcher
COPY --from=build /out/dispatcher /dispatcher
ENTRYPOINT ["/dispatcher"]
