// Passkeys: forms marked with data-passkey appear where the browser has them, and send what it answers.
// <form data-passkey="get|create" data-options="URL" [data-autofill]> with a hidden field named credential.
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !window.isSecureContext) return;
  const RENEWED_AFTER_MS = 8 * 60000; // the server takes an answer for ten minutes
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => list?.map((entry) => ({ ...entry, id: bytes(entry.id) }));

  /* The server speaks JSON (Web Authentication §5.1.8 to §5.1.10); not every browser translates it by itself. */
  const read = (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    ...(options.allowCredentials && { allowCredentials: named(options.allowCredentials) }),
    ...(options.excludeCredentials && { excludeCredentials: named(options.excludeCredentials) }),
  });
  const write = (credential) => {
    const { response } = credential, said = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[name]) said[name] = text(response[name]);
    }
    return JSON.stringify({
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response: said,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  };

  const say = (form, words) => {
    const place = form.querySelector("[data-passkey-says]");
    place.textContent = words;
    place.hidden = !words;
  };
  const WORDS = {
    AbortError: "",
    InvalidStateError: "This device has a passkey for your account already.",
    NotAllowedError: "No passkey was given. You can try again, or go another way.",
    SecurityError: "Passkeys don’t work at this address.",
  };

  const ask = async (form) => {
    const token = form.elements.csrfmiddlewaretoken.value;
    const answer = await fetch(form.dataset.options, { method: "POST", headers: { "X-CSRFToken": token, Accept: "application/json" } });
    if (answer.status === 429) throw Object.assign(new Error(), { words: "Too many tries. Wait a moment." });
    if (!answer.ok) throw Object.assign(new Error(), { words: "This page is too old. Load it again." });
    return { publicKey: read((await answer.json()).publicKey) };
  };
  const send = (form, credential) => {
    form.elements.credential.value = write(credential);
    const remember = document.querySelector("input[name=remember][type=checkbox]"); // the password form's tick counts here too
    if (form.elements.remember) form.elements.remember.value = remember?.checked ? "on" : "";
    form.submit();
  };

  let waiting = null; // the offer among the browser's suggestions: one at a time
  const offer = async (form) => {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    const mine = waiting = new AbortController();
    const renew = setTimeout(() => { mine.abort(); offer(form); }, RENEWED_AFTER_MS);
    try {
      const options = await ask(form);
      if (!mine.signal.aborted) send(form, await navigator.credentials.get({ ...options, mediation: "conditional", signal: mine.signal }));
    } catch { clearTimeout(renew); } // the button is there
  };

  const start = () => document.querySelectorAll("form[data-passkey]").forEach((form) => {
    form.closest("[data-passkey-block]")?.removeAttribute("hidden");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      waiting?.abort();
      say(form, "");
      button.disabled = true;
      try {
        const options = await ask(form);
        const create = form.dataset.passkey === "create";
        send(form, await (create ? navigator.credentials.create(options) : navigator.credentials.get(options)));
      } catch (error) {
        say(form, error.words ?? WORDS[error.name] ?? "This did not work.");
        button.disabled = false;
      }
    });
    if ("autofill" in form.dataset) offer(form);
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
