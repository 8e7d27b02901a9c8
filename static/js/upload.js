// Sending files in parts (tus 1.0.0): three at a time, through lost connections, never one twice.
// What has arrived stays on the server, so that the same file dropped again goes on where it stopped.
const PART = 2 * 1024 * 1024;
const LARGEST = 32 * 1024 * 1024;
const AT_ONCE = 3;
const WAITS = [1000, 2000, 4000, 8000, 15000]; // milliseconds before each further try
const OVER = new Set(["taken", "known", "refused"]);
const BUSY_STATUSES = new Set([409, 429, 502, 503, 504]);

export const GONE = "You are logged out. Log in again in another tab, then press “Try again”: what has arrived is safe.";
const LOST = "The connection failed several times. What has arrived is safe.";

class Lost extends Error {}
class Refused extends Error {}
class LoggedOut extends Error {}

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });
const online = () => new Promise((done) => {
  if (navigator.onLine) done(); else window.addEventListener("online", done, { once: true });
});

async function sha256(file) {
  if (!window.crypto?.subtle || file.size > LARGEST) return "";
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Uploads {
  // `changed(upload)` is called whenever there is something new to show of one.
  constructor({ begin, token, changed }) {
    Object.assign(this, { begin, token, changed, waiting: [], going: new Set() });
    window.addEventListener("offline", () => this.going.forEach((upload) => upload.request?.abort()));
  }

  get underWay() { return this.waiting.length + this.going.size; }

  add(file) {
    const upload = { file, state: "waiting", offset: 0, tries: 0, url: "", request: null, message: "" };
    this.waiting.push(upload);
    this.#tell(upload, "waiting");
    this.#next();
    return upload;
  }

  again(upload) {
    upload.tries = 0;
    this.waiting.push(upload);
    this.#tell(upload, "waiting");
    this.#next();
  }

  #next() {
    while (this.going.size < AT_ONCE && this.waiting.length) {
      const upload = this.waiting.shift();
      this.going.add(upload);
      this.#send(upload).finally(() => { this.going.delete(upload); this.#next(); });
    }
  }

  #tell(upload, state, message = "") {
    Object.assign(upload, { state, message });
    this.changed(upload);
  }

  async #send(upload) {
    if (upload.file.size > LARGEST) {
      this.#tell(upload, "refused", "Larger than 32 MB. Send a single still as a JPEG, not the raw export.");
      return;
    }
    for (;;) {
      try {
        if (!navigator.onLine) { this.#tell(upload, "paused"); await online(); }
        await this.#onward(upload);
        return;
      } catch (error) {
        if (error instanceof Refused) { this.#tell(upload, "refused", error.message); return; }
        if (error instanceof LoggedOut) { this.#tell(upload, "failed", GONE); return; }
        if (!(error instanceof Lost)) { this.#tell(upload, "failed", "This file could not be read. Choose it again."); return; }
        if (!navigator.onLine) continue;
        if (upload.tries >= WAITS.length) { this.#tell(upload, "failed", LOST); return; }
        this.#tell(upload, "paused");
        await pause(WAITS[upload.tries]);
        upload.tries += 1;
      }
    }
  }

  // From wherever the server says it stands, to the end.
  async #onward(upload) {
    upload.digest ??= await sha256(upload.file);
    let standing = await this.#beginning(upload);
    while (!OVER.has(standing.state)) {
      standing = await this.#part(upload, standing.offset);
      upload.tries = 0;
    }
    const told = await this.standing(upload);
    upload.told = told;
    this.#tell(upload, told.state, told.message);
  }

  async #beginning(upload) {
    const { file } = upload;
    const told = [`filename ${base64(file.name)}`, `fingerprint ${base64(`${file.name}|${file.lastModified}`)}`];
    if (upload.digest) told.push(`sha256 ${base64(upload.digest)}`);
    const answer = await this.#fetch(this.begin, "POST", {
      "Upload-Length": String(file.size), "Upload-Metadata": told.join(","),
    });
    upload.url = answer.headers.get("Location");
    return this.#stands(upload, answer.headers.get("Upload-State"), answer.headers.get("Upload-Offset"));
  }

  #stands(upload, state, offset) {
    upload.offset = Number(offset);
    if (state === "arriving") this.#tell(upload, "sending");
    return { state, offset: upload.offset };
  }

  async standing(upload) {
    const answer = await this.#fetch(upload.url, "GET", {});
    return answer.json();
  }

  // What became of several, by uid; null where that cannot be known just now.
  async found(uids) {
    const asked = new URLSearchParams(uids.map((uid) => ["of", uid]));
    try {
      return await (await this.#fetch(`${this.begin}found/?${asked}`, "GET", {})).json();
    } catch {
      return null;
    }
  }

  async #fetch(url, method, headers) {
    let answer;
    try {
      answer = await fetch(url, {
        method,
        redirect: "manual",
        headers: { "Tus-Resumable": "1.0.0", "X-CSRFToken": this.token(), ...headers },
      });
    } catch {
      throw new Lost();
    }
    if (answer.type === "opaqueredirect" || answer.status === 403) throw new LoggedOut();
    if (answer.ok) return answer;
    if (answer.status === 404 || answer.status >= 500 || answer.status === 429) throw new Lost();
    const told = await answer.json().catch(() => ({}));
    throw new Refused(told.message || "This file was not taken.");
  }

  // fetch() cannot say how much of a body has left; XMLHttpRequest can.
  #part(upload, offset) {
    const { file } = upload;
    return new Promise((done, failed) => {
      const request = new XMLHttpRequest();
      upload.request = request;
      request.open("PATCH", upload.url);
      request.setRequestHeader("Tus-Resumable", "1.0.0");
      request.setRequestHeader("X-CSRFToken", this.token());
      request.setRequestHeader("Upload-Offset", String(offset));
      request.setRequestHeader("Content-Type", "application/offset+octet-stream");
      request.upload.addEventListener("progress", (event) => {
        upload.offset = offset + event.loaded;
        this.changed(upload);
      });
      request.addEventListener("loadend", () => {
        upload.request = null;
        if (request.status === 204) {
          done(this.#stands(upload, request.getResponseHeader("Upload-State"), request.getResponseHeader("Upload-Offset")));
        } else if (request.status === 0 || request.status === 404 || BUSY_STATUSES.has(request.status)) {
          failed(new Lost()); // asked again where it stands, before more is sent
        } else if (request.status === 403) {
          failed(new LoggedOut());
        } else {
          failed(new Lost());
        }
      });
      request.send(file.slice(offset, offset + PART));
    });
  }
}
