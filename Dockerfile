# octet in a container, from the packages that 'make deb' made:
#   make deb && docker build -t octet . && docker run --rm octet doctor
FROM debian:12-slim
COPY build/package/octet_*.deb build/package/octet-models_*.deb /tmp/packages/
RUN apt-get update \
  && apt-get install -y --no-install-recommends /tmp/packages/*.deb \
  && rm -rf /tmp/packages /var/lib/apt/lists/* \
  && useradd --system --groups octet-config --create-home --home-dir /var/lib/octet octet
USER octet
WORKDIR /var/lib/octet
ENTRYPOINT ["octet"]
CMD ["--help"]
