// Keeps a page current: when the server says that something changed, the page is read again and its content replaced.
// Without JavaScript the page is as it was when it was loaded.
const main = document.querySelector("main");
const busy = () => main.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
let waiting = false;

async function refresh() {
  if (waiting || document.hidden || busy()) return;
  waiting = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    if (fresh && !busy()) main.replaceChildren(...fresh.childNodes);
  } finally {
    waiting = false;
  }
}

const state = document.querySelector("#live");
const source = new EventSource("/live");
source.addEventListener("open", () => { state.textContent = "live"; });
source.addEventListener("error", () => { state.textContent = "not live: connecting again"; });
source.addEventListener("changed", refresh);
