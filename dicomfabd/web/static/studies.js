// Several studies at once: a ZIP of them, or away with them.
import { send } from "/static/api.js";

const STUDIES = "/api/v1/archive/studies";
const MOST_ZIPPED = 100;
const bulk = document.getElementById("bulk");
const output = bulk?.querySelector("output.said");

const chosen = () => [...bulk.querySelectorAll('input[name="study"]:checked')].map((box) => box.value);

function say(text, isWrong = false) {
  output.classList.toggle("is-wrong", isWrong);
  output.textContent = text;
}

function update() {
  const amount = chosen().length;
  bulk.querySelector("#chosen").textContent = amount ? `${amount} selected` : "none selected";
  for (const button of bulk.querySelectorAll("[data-bulk]")) button.disabled = !amount;
}

function zip(studies) {
  if (studies.length > MOST_ZIPPED) say(`One ZIP holds at most ${MOST_ZIPPED} studies.`, true);
  else location.assign(`${STUDIES}.zip?${new URLSearchParams(studies.map((study) => ["study", study]))}`);
}

async function remove(studies) {
  const question = studies.length === 1 ? "Delete this study and its files?" : `Delete these ${studies.length} studies and their files?`;
  if (!window.confirm(question)) return;
  const problems = [];
  for (const [place, study] of studies.entries()) {
    say(`Deleting ${place + 1} of ${studies.length} …`);
    try {
      await send("DELETE", `${STUDIES}/${study}`);
    } catch (error) {
      problems.push(`${study}: ${error.message}`);
    }
  }
  if (problems.length) say(problems.join("\n"), true);
  else location.reload();
}

if (bulk) {
  bulk.addEventListener("input", update);
  bulk.addEventListener("refreshed", update);
  bulk.addEventListener("click", (event) => {
    const button = event.target.closest("[data-bulk]");
    if (!button) return;
    if (button.dataset.bulk === "zip") zip(chosen());
    else remove(chosen());
  });
  update();
}
