// Asks PACS whether they are there, one after the other, and says what each answered.
import { send } from "/static/api.js";

function show(output, answer) {
  const bad = answer.checks.filter((it) => !it.ok);
  output.className = `badge echo is-${answer.ok ? "up" : "away"}`;
  const slowest = Math.max(...answer.checks.map((it) => it.ms));
  output.textContent = answer.ok ? `${slowest} ms` : bad.map((it) => `${it.service}: ${it.reason}`).join("; ");
}

async function echo(name, output) {
  output.className = "echo";
  output.textContent = "asking …";
  try {
    show(output, await send("POST", `/api/v1/pacs/${encodeURIComponent(name)}/echo`));
  } catch (error) {
    output.className = "badge echo is-away";
    output.textContent = error.message;
  }
}

async function echoAll() {
  for (const { dataset: { name } } of document.querySelectorAll("output.echo")) {
    // The row may have been drawn anew meanwhile.
    await echo(name, document.querySelector(`output.echo[data-name="${CSS.escape(name)}"]`));
  }
}

document.getElementById("echo-all")?.addEventListener("click", echoAll);
document.querySelector("button[data-echo]")?.addEventListener("click", (event) => {
  echo(event.target.dataset.echo, event.target.parentElement.querySelector("output"));
});
