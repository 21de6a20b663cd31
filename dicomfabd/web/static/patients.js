// Imports tables of patients, and acts on the selected ones.
import { send } from "/static/api.js";

const byId = (id) => document.getElementById(id);
const chosen = () => [...document.querySelectorAll('input[name="patient_ids[]"]:checked')].map((it) => it.value);

async function say(output, run) {
  output.classList.remove("is-wrong");
  output.textContent = "";
  try {
    output.textContent = await run();
  } catch (error) {
    output.classList.add("is-wrong");
    output.textContent = error.message;
  }
}

byId("import")?.addEventListener("submit", (event) => {
  event.preventDefault();
  say(event.target.querySelector("output"), async () => {
    const [file] = byId("csv-file").files;
    const text = file ? await file.text() : byId("csv-text").value;
    const { added, changed, refused, faults } = await send("POST", "/api/v1/patients.csv", text, "text/csv");
    if (!refused) setTimeout(() => location.assign("/patients"), 600);
    return [`${added} added, ${changed} changed, ${refused} left out.`, ...faults.map((it) => `Line ${it.line}: ${it.text}`)].join("\n");
  });
});

byId("remove")?.addEventListener("click", (event) => {
  const ids = chosen();
  if (!ids.length || !window.confirm(`Remove ${ids.length} from the registry? Orders and studies stay.`)) return;
  say(event.target.parentElement.querySelector("output"), async () => {
    const { removed } = await send("POST", "/api/v1/patients/bulk-delete", { patient_ids: ids });
    location.reload();
    return `${removed} removed.`;
  });
});

byId("merge")?.addEventListener("click", (event) => {
  const survivor = byId("survivor").value.trim();
  const others = chosen().filter((it) => it !== survivor);
  say(event.target.parentElement.querySelector("output"), async () => {
    if (!survivor || !others.length) throw new Error("Select who is merged, and write into whom.");
    if (!window.confirm(`Merge ${others.join(", ")} into ${survivor}?`)) return "";
    await send("POST", "/api/v1/patients/merge", { survivor, others });
    location.reload();
    return "Merged.";
  });
});
