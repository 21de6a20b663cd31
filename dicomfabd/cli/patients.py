"""patients: the registry, with the daemon running or not."""

from typing import Annotated, Any

import typer

from dicomfabd.app.people import people_maker
from dicomfabd.cli.console import (
    EXIT_USAGE,
    ConfigOption,
    JsonOption,
    actor,
    any_store,
    existing_store,
    fail,
    print_json,
    say,
    say_pairs,
    say_table,
    settings_or_fail,
)
from dicomfabd.cli.files import read_source
from dicomfabd.domain.patient import Patient
from dicomfabd.store.interface import PatientKey
from dicomfabd.store.opening import Store
from dicomfabd.store.patients_interface import PatientQuery, StoredPatient
from dicomfabd.web.api.patient_editing import PatientEditor
from dicomfabd.web.api.patient_in import COLUMNS, MOST_ROWS, as_row, read_csv, read_patient, told
from dicomfabd.web.api.patient_routes import summary
from dicomfabd.web.api.spreadsheet import write_csv

patients_app = typer.Typer(help="Look after the registry of patients.", no_args_is_help=True)

PatientId = Annotated[str, typer.Argument(metavar="ID", help="The patient's ID.")]
Issuer = Annotated[str, typer.Option(help="Authority that gave the ID.")]
Name = Annotated[str | None, typer.Option(help="Family^Given^Middle^Prefix^Suffix.")]
Born = Annotated[str | None, typer.Option(help="YYYYMMDD or YYYY-MM-DD.")]
Sex = Annotated[str | None, typer.Option(help="F, M or O.")]
Address = Annotated[str | None, typer.Option(help="At most 64 characters.")]
Telephone = Annotated[str | None, typer.Option(help="At most 16 characters.")]


@patients_app.command("list")
def list_patients(
    text: Annotated[str, typer.Argument(help="How ID or name begins; everybody by default.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Most rows.")] = 50,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List patients, newest first."""
    with existing_store(settings_or_fail(config)) as store:
        found = [summary(stored) for stored in store.patients.find(PatientQuery(text, limit=limit))]
    if as_json:
        print_json({"patients": found})
        return
    columns = {"patient_id": "ID", "patient_name": "name", "patient_birth_date": "born", "patient_sex": "sex"}
    say_table(columns, ([patient[name] for name in columns] for patient in found))


@patients_app.command("show")
def show_patient(
    patient_id: PatientId, issuer: Issuer = "", as_json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Show one patient."""
    with existing_store(settings_or_fail(config)) as store:
        _show(_existing(store, patient_id, issuer), as_json=as_json)


@patients_app.command("add")
def add_patient(
    patient_id: PatientId,
    name: Annotated[str, typer.Option(help="Family^Given^Middle^Prefix^Suffix.")],
    issuer: Issuer = "",
    born: Born = None,
    sex: Sex = None,
    address: Address = None,
    telephone: Telephone = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Add a patient."""
    patient = _patient(_given(patient_id, issuer, name, born, sex, address, telephone))
    with any_store(settings_or_fail(config)) as store:
        if not _editor(store).add(patient):
            fail(f"there is a patient {patient_id}. Use `patients edit`, or another ID.")
        _show(_existing(store, patient_id, issuer), as_json=as_json)


@patients_app.command("edit")
def edit_patient(
    patient_id: PatientId,
    new_id: Annotated[str, typer.Option(help="Another ID for the patient.")] = "",
    issuer: Issuer = "",
    name: Name = None,
    born: Born = None,
    sex: Sex = None,
    address: Address = None,
    telephone: Telephone = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Change a patient, also in orders nobody has begun; an empty value lets go of the old one."""
    with existing_store(settings_or_fail(config)) as store:
        old = _existing(store, patient_id, issuer).patient
        given = _given(new_id or patient_id, old.issuer_of_patient_id, name, born, sex, address, telephone)
        new = _patient(told(old) | given)
        if new_id and store.patients.get(PatientKey(new_id)) is not None:
            fail(f"there is a patient {new_id}. Use `patients merge`, or another ID.")
        cleared = frozenset(key for key, value in given.items() if value == "" and key != "issuer_of_patient_id")
        _editor(store).change(old, new, cleared, sorted(given))
        _show(_existing(store, new.patient_id, new.issuer_of_patient_id), as_json=as_json)


@patients_app.command("remove")
def remove_patients(
    patient_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Patients' IDs.")],
    config: ConfigOption = None,
) -> None:
    """Remove patients from the registry; their orders and studies stay."""
    with existing_store(settings_or_fail(config)) as store:
        removed = _editor(store).remove(patient_ids)
        if not removed:
            fail("there is no patient of that ID")
    say(f"{removed} removed")


@patients_app.command("merge")
def merge_patients(
    survivor: Annotated[str, typer.Argument(help="ID of the patient who stays.")],
    others: Annotated[list[str], typer.Argument(metavar="ID...", help="IDs that are this patient from now on.")],
    config: ConfigOption = None,
) -> None:
    """Merge patients, as an ADT^A40 would."""
    with existing_store(settings_or_fail(config)) as store:
        stays = _existing(store, survivor).patient
        merged = [_existing(store, other).patient for other in others if other != survivor]
        if not merged:
            fail("a patient cannot be merged into themselves", EXIT_USAGE)
        _editor(store).merge(stays, merged)
    say(f"{', '.join(other.patient_id for other in merged)} is now {survivor}")


@patients_app.command("synthesise")
def synthesise_patients(
    amount: Annotated[int, typer.Argument(min=1, max=1000, help="How many.")] = 1,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed gives the same people.")] = None,
    keep: Annotated[bool, typer.Option(help="Keep them in the registry.")] = True,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make up patients, with IDs after the pattern of the settings."""
    settings = settings_or_fail(config)
    with any_store(settings) as store:
        made = people_maker(settings.patients, store.patients)(amount, seed)
        if keep:
            _editor(store).keep(made)
    if as_json:
        print_json({"patients": [told(patient) for patient in made]})
        return
    for patient in made:
        say(f"{patient.patient_id}  {patient.patient_name}  {patient.patient_birth_date}  {patient.patient_sex}")


@patients_app.command("export")
def export_patients(
    text: Annotated[str, typer.Argument(help="How ID or name begins; everybody by default.")] = "",
    config: ConfigOption = None,
) -> None:
    """Print patients as CSV, the newest 10,000 at most."""
    with existing_store(settings_or_fail(config)) as store:
        found = store.patients.find(PatientQuery(text, limit=MOST_ROWS))
    typer.echo(write_csv(COLUMNS, (as_row(stored.patient) for stored in found if not stored.merged_into)), nl=False)


@patients_app.command("import")
def import_patients(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="CSV with a header.")], config: ConfigOption = None
) -> None:
    """Add the patients of a table, or bring them up to date; exit code 1 when a row was left out."""
    try:
        rows = list(read_csv(read_source(file).decode("utf-8")))
    except ValueError as error:
        fail(f"{file}: {error}", EXIT_USAGE)
    with any_store(settings_or_fail(config)) as store:
        said = _editor(store).bring(rows)
    say(f"{said['added']} added, {said['changed']} changed")
    if said["refused"]:
        fail("\n".join(f"line {row.line}: {row.fault}" for row in rows if row.fault))


def _editor(store: Store) -> PatientEditor:
    return PatientEditor(store.patients, store.messages, actor())


def _given(
    patient_id: str,
    issuer: str,
    name: str | None,
    born: str | None,
    sex: str | None,
    address: str | None,
    telephone: str | None,
) -> dict[str, Any]:
    values = {
        "patient_id": patient_id,
        "issuer_of_patient_id": issuer,
        "patient_name": name,
        "patient_birth_date": born,
        "patient_sex": sex,
        "patient_address": address,
        "patient_telephone": telephone,
    }
    return {key: value for key, value in values.items() if value is not None}


def _patient(values: dict[str, Any]) -> Patient:
    found = read_patient(values)
    if not isinstance(found, Patient):
        fail("\n".join(found), EXIT_USAGE)
    return found


def _existing(store: Store, patient_id: str, issuer: str = "") -> StoredPatient:
    stored = store.patients.get(PatientKey(patient_id, issuer))
    if stored is None:
        fail(f"there is no patient {patient_id} in the registry")
    return stored


def _show(stored: StoredPatient, *, as_json: bool) -> None:
    if as_json:
        print_json(summary(stored))
        return
    say_pairs((name, value) for name, value in summary(stored).items() if value not in ("", None, []))
