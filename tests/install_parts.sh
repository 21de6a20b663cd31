#!/bin/sh
# Installs the real programs the tests talk to, where that is possible; names what is missing where it is not.
set -eu

# A client stack of another language; without it its test is skipped.
node=${1:-.venv}/node
if command -v npm >/dev/null 2>&1 && [ ! -d "$node/node_modules/dcmjs-dimse" ]; then
    npm install --silent --no-audit --no-fund --ignore-scripts --fetch-retries=1 --fetch-timeout=30000 \
        --fetch-retry-maxtimeout=5000 --prefix "$node" dcmjs-dimse@0.3.3 ||
        echo "dcmjs-dimse cannot be installed here; its test is skipped." >&2
fi

missing=""
for pair in findscu:dcmtk storescp:dcmtk echoscu:dcmtk dcmdump:dcmtk Orthanc:orthanc promtool:prometheus chromium:chromium; do
    program=${pair%%:*}
    package=${pair##*:}
    # Debian puts Orthanc where an ordinary user's PATH may not reach.
    if ! command -v "$program" >/dev/null 2>&1 && [ ! -x "/usr/sbin/$program" ]; then
        case " $missing " in *" $package "*) ;; *) missing="$missing $package" ;; esac
    fi
done
# A plugin is no program.
[ -e /usr/share/orthanc/plugins/libOrthancDicomWeb.so ] || missing="$missing orthanc-dicomweb"
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo -n"
fi
if command -v apt-get >/dev/null 2>&1 && $as_root true 2>/dev/null; then
    echo "installing:$missing"
    $as_root apt-get -qq update
    # shellcheck disable=SC2086 # one word a package
    DEBIAN_FRONTEND=noninteractive $as_root apt-get -qq install --yes --no-install-recommends $missing >/dev/null
    exit 0
fi
echo "The tests need these programs and cannot install them here:$missing" >&2
echo "Install them (Debian: apt-get install$missing), then try again." >&2
exit 1
