/** What fetches remote sources where cloud-init does not (before 24.3); it has Python, and perhaps no curl. */
export const FETCH = `#!/usr/bin/python3
# fetch URL ALGORITHM DIGEST MODE USER GROUP PATH
# Writes what is at a URL to a path, if its digest is right. The network may need a moment, and so may the server.
import hashlib, os, shutil, sys, time, urllib.request

url, algorithm, digest, mode, user, group, path = sys.argv[1:]
new = path + ".new"
os.makedirs(os.path.dirname(path), exist_ok=True)
for attempt in range(10):
    found = hashlib.new(algorithm)
    try:
        with urllib.request.urlopen(url, timeout=60) as answer, open(new, "wb") as file:
            os.chmod(new, 0o600)
            while piece := answer.read(1 << 20):
                found.update(piece)
                file.write(piece)
        break
    except OSError as error:
        if attempt == 9:
            sys.exit(f"{url}: {error}")
        time.sleep(3)
if found.hexdigest() != digest:
    os.remove(new)
    sys.exit(f"{url}: its {algorithm} is {found.hexdigest()} and not {digest}; nothing was written")
shutil.chown(new, user, group)
os.chmod(new, int(mode, 8))
os.replace(new, path)
`;
