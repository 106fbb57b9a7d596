archive=ipclab-$(uname -m)-unknown-linux-musl
place=$(mktemp -d)
mkdir -p "$IPCLAB_BIN"
case $IPCLAB_FROM in
*.tar.gz) address=$IPCLAB_FROM ;;
*) address=$IPCLAB_FROM/releases/download/v$IPCLAB_VERSION/$archive.tar.gz ;;
esac
if curl -fsSL -o "$place/$archive.tar.gz" "$address"; then
  if [ -n "$IPCLAB_SHA256" ]; then
    echo "$IPCLAB_SHA256  $archive.tar.gz" >"$place/sum"
  else
    curl -fsSL -o "$place/sum" "$address.sha256"
  fi
  (cd "$place" && sha256sum --check --quiet sum)
  tar -C "$place" -xzf "$place/$archive.tar.gz"
  install -m 755 "$place/$archive/ipclab" "$IPCLAB_BIN/ipclab"
elif [ "$address" != "$IPCLAB_FROM" ] && command -v cargo >/dev/null; then
  echo "There is no release at $address: building from the sources"
  cargo install --locked --git "$IPCLAB_FROM" @REVISION@ --root "$place" ipclab
  install -m 755 "$place/bin/ipclab" "$IPCLAB_BIN/ipclab"
else
  echo "ipclab: nothing can be fetched from $address, and there is no cargo to build it" >&2
  exit 1
fi
rm -rf "$place"
