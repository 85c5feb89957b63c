// Passkeys: asks the browser for one, or to make one, and takes the answer to
// the server, which checks it. Forms that need this are hidden where it cannot.

// send posts JSON and returns what the server answers, or throws what it says.
async function send(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error_description);
  return said;
}

const ways = {
  // Any passkey that the browser has for this server, or one of whom a password
  // named, as the second half of a sign-in.
  "sign-in": async (form) => {
    const pending = form.elements.pending?.value;
    const { state, options } = await send("/console/sign-in/passkey", { pending });
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const answer = await navigator.credentials.get({ publicKey });
    return send("/console/sign-in/passkey/answer", { pending, state, answer: answer.toJSON(), next: form.elements.next.value });
  },
  add: async (form) => {
    const { state, options } = await send("/console/me/passkeys/question", {});
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const answer = await navigator.credentials.create({ publicKey });
    return send("/console/me/passkeys", { state, answer: answer.toJSON(), name: form.elements.name.value });
  },
};

function prepare(form) {
  const fault = document.querySelector("[data-passkey-fault]");
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fault.hidden = true;
    button.disabled = true;
    try {
      const { path } = await ways[form.dataset.passkey](form);
      location.assign(path);
    } catch (error) {
      // A browser's own errors are no sentences for people; the page has one.
      fault.querySelector("span").textContent = error instanceof DOMException ? fault.dataset.passkeyFault : error.message;
      fault.hidden = false;
      button.disabled = false;
    }
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) prepare(form);
  else form.hidden = true;
}
