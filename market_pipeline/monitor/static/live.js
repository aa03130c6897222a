// Keeps a page current: when the server says that something changed, and every half minute for times such as "2 min ago", the
// page is read again and its content replaced.  Without JavaScript the page is as it was when it was loaded.
const EVERY = 30000; // milliseconds
const main = document.querySelector("main");
const state = document.querySelector("#live");
const typing = () => main.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
const stops = () => [...main.querySelectorAll("a, button, [tabindex]")];
let waiting = false;

async function refresh() {
  if (waiting || document.hidden || typing()) return;
  waiting = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    if (fresh && !typing()) replace(fresh);
  } catch {
    // The server is away: the event source says so, and goes on asking.
  } finally {
    waiting = false;
  }
}

function replace(fresh) {
  const focused = stops().indexOf(document.activeElement);
  const scrolled = [...main.querySelectorAll(".table")].map((table) => table.scrollLeft);
  main.replaceChildren(...fresh.childNodes);
  main.querySelectorAll(".table").forEach((table, index) => { table.scrollLeft = scrolled[index] ?? 0; });
  stops()[focused]?.focus({ preventScroll: true });
}

function tell(words, on) {
  state.textContent = words;
  state.classList.toggle("on", on);
}

document.querySelector("nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" }); // on a phone
const source = new EventSource("/live");
source.addEventListener("open", () => tell("live", true));
source.addEventListener("error", () => tell("not live: connecting again", false));
source.addEventListener("changed", refresh);
setInterval(refresh, EVERY);
