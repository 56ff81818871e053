# The command line in an image, built from what `npm pack` packs:
#
#   docker build -t distill .
#   docker run --rm -v "$PWD":/work distill run
FROM node:22-bookworm AS build
WORKDIR /source
COPY . .
RUN npm ci --ignore-scripts --no-audit --no-fund && npm pack --pack-destination /packed

FROM node:22-bookworm-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends g++ \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /packed/*.tgz /tmp/
RUN npm install --global --no-audit --no-fund /tmp/*.tgz && rm /tmp/*.tgz
USER node
WORKDIR /work
ENTRYPOINT ["distill"]
