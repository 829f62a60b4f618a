// What htmx does not do: say what went wrong, run with Ctrl+Enter, and write answers down while they are written.
"use strict";

const said = (text) => { document.getElementById("said").textContent = text; };
let silence;

document.addEventListener("htmx:responseError", (event) => {
  clearTimeout(silence);
  said((event.detail.xhr.responseText || "that did not work").slice(0, 600));
  silence = setTimeout(() => said(""), 12000);
});
document.addEventListener("said", (event) => said(event.detail.value));
document.addEventListener("htmx:sendError", () => said("the studio does not answer: is it still running?"));
document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.requestConfig.verb !== "get") said(""); });

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

// A run of the playground: its answers come as events, while they are written.
let source;
const follow = (place) => {
  if (source) source.close();
  for (const out of document.querySelectorAll(".out")) out.replaceChildren();
  source = new EventSource(place.dataset.events);
  source.onmessage = (event) => {
    const told = JSON.parse(event.data), out = document.getElementById("out-" + told.cell);
    if (!out) return;
    if (told.html !== undefined) { out.innerHTML = told.html; return; }  // made by our templates, which escape
    let answer = out.firstElementChild;
    if (!answer) { answer = document.createElement("p"); answer.className = "answer"; out.append(answer); }
    answer.textContent = told.text;
  };
  const end = () => { source.close(); document.body.dispatchEvent(new Event("played")); };
  source.addEventListener("end", end);
  source.onerror = end;
};
document.addEventListener("htmx:afterSwap", (event) => {
  const place = event.target.querySelector && event.target.querySelector("[data-events]");
  if (place) follow(place);
});

// Other columns for a new study: the page again, with them.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-look]");
  if (!button) return;
  const value = (name) => encodeURIComponent(button.form.elements[name].value);
  location.assign(button.dataset.look + "?source=" + value("source") + "&output=" + value("output"));
});
