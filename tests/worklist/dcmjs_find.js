// Echoes, asks for the CT worklist with dcmjs-dimse, and prints what came on the last line: node dcmjs_find.js PORT
const { Client, requests } = require("dcmjs-dimse");

const told = { echo: null, items: [], status: null };
const client = new Client();

const echo = new requests.CEchoRequest();
echo.on("response", (response) => {
  told.echo = response.getStatus();
});

// What is not named here it asks for with zero length.
const find = requests.CFindRequest.createWorklistFindRequest({
  SpecificCharacterSet: "ISO_IR 192",
  AccessionNumber: "",
  ScheduledProcedureStepSequence: [{ Modality: "CT", ScheduledStationAETitle: "" }],
});
find.on("response", (response) => {
  told.status = response.getStatus();
  if (response.hasDataset()) {
    told.items.push(response.getDataset().getElements());
  }
});

for (const event of ["networkError", "associationRejected"]) {
  client.on(event, (error) => {
    console.error(event, String(error));
    process.exit(1);
  });
}
// It may ask for release once more afterwards, and report that as an error.
client.on("associationReleased", () => {
  console.log(JSON.stringify(told));
  process.exit(0);
});
client.addRequest(echo);
client.addRequest(find);
client.send("127.0.0.1", Number(process.argv[2]), "DCMJS", "ANY");
