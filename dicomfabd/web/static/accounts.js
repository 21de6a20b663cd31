// Users and tokens: dialogs, a secret that is shown once, and fields that count only when filled.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
});

// Before actions.js collects the fields: an empty password is no new password.
document.addEventListener("submit", (event) => {
  for (const field of event.target.querySelectorAll("[data-optional]")) field.disabled = field.value === "";
  setTimeout(() => {
    for (const field of event.target.querySelectorAll("[data-optional]")) field.disabled = false;
  });
}, { capture: true });

document.addEventListener("acted", (event) => {
  if (event.target.matches("[data-clears]")) event.target.reset();
  if (event.target.id !== "new-token") return;
  document.getElementById("secret-text").textContent = event.detail.token;
  document.getElementById("secret").hidden = false;
  document.getElementById("copy").focus();
  event.target.reset();
});

document.getElementById("copy")?.addEventListener("click", async (event) => {
  const text = document.getElementById("secret-text");
  try {
    await navigator.clipboard.writeText(text.textContent);
    event.target.textContent = "Copied";
  } catch {
    // Browsers keep the clipboard from pages that came by plain HTTP; a selection is a keystroke away.
    getSelection().selectAllChildren(text);
  }
});
