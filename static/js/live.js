// Live threads: ask with the version on screen, so that the server answers 304 while nothing is new.
document.addEventListener("htmx:configRequest", (event) => {
  const version = event.target.dataset?.liveEtag;
  if (version) event.detail.headers["If-None-Match"] = `"${version}"`;
});

// A thread that was at its end stays at its end when a text arrives.
let atEnd = true;
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 304) event.detail.shouldSwap = false;
  const thread = event.target.querySelector?.("[data-thread]");
  if (thread) atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80;
});
document.addEventListener("htmx:afterSwap", () => {
  const thread = document.querySelector("#live [data-thread]");
  if (thread && atEnd) thread.scrollTop = thread.scrollHeight;
});
