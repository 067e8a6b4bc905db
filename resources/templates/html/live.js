(() => {
  const status = document.getElementById("live");
  const main = document.querySelector(".wrap");
  if (!status || !main || !window.fetch) return;
  let seen = status.dataset.head;
  const busy = () => main.contains(document.activeElement)
    || String(getSelection()) !== "" || main.querySelector("details[open]");
  const look = async () => {
    if (document.hidden) return;
    try {
      const head = (await (await fetch("/head")).text()).trim();
      if (!/^\d+$/.test(head) || head === seen) return;
      if (busy()) { status.textContent = "There are newer records: load the page again to see them."; return; }
      const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
      const next = page.querySelector(".wrap");
      if (!next) return;
      main.replaceChildren(...next.childNodes);
      seen = head;
      status.textContent = "Brought up to record " + head + ".";
    } catch (e) { status.textContent = "The server does not answer any more."; }
  };
  status.textContent = "This page keeps itself up to date.";
  setInterval(look, 5000);
})();
