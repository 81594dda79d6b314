"""Schedules for schedulers outside of the database: each file is read by what reads it, where that is here."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
import yaml
from cronsim import CronSim

import mvc
from mvc.engines.postgres.plan.jobs import Place, elsewhere_sql
from mvc.report.schedules.cron_lines import portable_line
from mvc.report.schedules.files import KINDS, on_calendar, printed
from servers import need

HOSTILE = """{% raw %} "quoted" 'too' $HOME $(DATABASE_URL) $$ 100%"""
SCHEDULES = [
    {"schedule": "quarter", "refresh": "all", "every": "*/15 * * * *"},
    {"schedule": "nightly in Berlin", "refresh": "all", "every": "30 2 * * mon-fri", "timezone": "Europe/Berlin"},
    {"schedule": "either day", "refresh": "all", "every": "0 3 1,15 JAN-jun/2 7"},
    {"schedule": "odd Mondays", "refresh": "all", "every": "0 3 */2 * 1", "timezone": "Asia/Kathmandu"},
    {"schedule": "promise", "refresh": "all", "within": "1h"},
    {"schedule": HOSTILE, "refresh": "all", "every": "0 * * * *"},
    {"schedule": "off", "refresh": "all", "every": "0 * * * *", "enabled": False},
]


SHOP = {
    "mvc.yml": "project: My Shop\ncatalog: s.sql\n",
    "s.sql": "CREATE TABLE t (id int PRIMARY KEY);\n",
    "views/v.yml": "view: v\nsources: {t: {table: t}}\ndimensions: {id: t.id}\naggregates: {n: {count: t}}\n",
}


@pytest.fixture(scope="module")
def compiled():
    return mvc.compile(mvc.load({**SHOP, "schedules/s.yml": json.dumps({"schedules": SCHEDULES})}))


def schedule(compiled, name):
    return next(item for item in compiled.schedules if item.name == name)


@pytest.mark.parametrize("kind", KINDS)
def test_disabled_ones_are_left_out(compiled, kind):
    assert "--schedule=off" not in printed(KINDS[kind](compiled))


class TestSystemd:
    @pytest.mark.parametrize(
        ("name", "lines"),
        [
            ("quarter", ["*-*-* *:00,15,30,45:00 UTC"]),
            ("nightly in Berlin", ["Mon,Tue,Wed,Thu,Fri *-*-* 02:30:00 Europe/Berlin"]),
            ("either day", ["*-01,03,05-01,15 03:00:00 UTC", "Sun *-01,03,05-* 03:00:00 UTC"]),
            ("promise", [f"*-*-* *:{','.join(f'{n:02}' for n in range(0, 60, 3))}:00 UTC"]),
        ],
    )
    def test_calendar(self, compiled, name, lines):
        assert on_calendar(schedule(compiled, name)) == lines

    @pytest.mark.parametrize("name", [item["schedule"] for item in SCHEDULES if "every" in item])
    def test_fires_when_cron_does(self, compiled, name):
        need(shutil.which("systemd-analyze"), "systemd-analyze")
        item = schedule(compiled, name)
        start = datetime(2024, 1, 3, 10, 7, tzinfo=timezone.utc)
        zone = ZoneInfo(item.timezone)
        ticks = CronSim(item.cron, start.astimezone(zone))
        expected = [next(ticks).astimezone(timezone.utc) for _ in range(20)]
        found = sorted({tick for line in on_calendar(item) for tick in systemd_ticks(line, start)})
        assert found[:20] == expected

    def test_units(self, compiled, tmp_path):
        files = KINDS["systemd"](compiled)
        assert {name.rpartition(".")[2] for name in files} == {"service", "timer"}
        assert len(files) == 12
        services = [text for name, text in files.items() if name.endswith(".service")]
        assert "ExecStart=mvc refresh --schedule=quarter\n" in services[0]
        assert "ExecStart=mvc refresh --due --schedule=promise\n" in services[4]
        need(shutil.which("systemd-analyze"), "systemd-analyze")
        for name, text in files.items():
            (tmp_path / name).write_text(text.replace("ExecStart=mvc", "ExecStart=/bin/true"))
        timers = [str(tmp_path / name) for name in files if name.endswith(".timer")]
        done = subprocess.run(["systemd-analyze", "verify", *timers], capture_output=True, text=True, check=False)
        ours = [line for line in done.stderr.splitlines() if "mvc-" in line]
        assert (done.returncode, ours) == (0, [])


def systemd_ticks(line: str, start: datetime) -> list[datetime]:
    done = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=20", f"--base-time={start:%Y-%m-%d %H:%M:%S} UTC", line],
        capture_output=True, text=True, check=True, env={"TZ": "UTC", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    shown = re.findall(r"(?:Next elapse|Iter(?:\.|ation) #\d+|\(in UTC\)): \w+ (\S+ \S+) (\S+)", done.stdout)
    return [datetime.fromisoformat(at).replace(tzinfo=timezone.utc) for at, zone in shown if zone == "UTC"]


class TestKubernetes:
    def test_documents(self, compiled):
        jobs = list(yaml.safe_load_all(KINDS["kubernetes"](compiled)["cronjobs.yaml"]))
        assert [job["kind"] for job in jobs] == ["CronJob"] * 6
        assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?", job["metadata"]["name"]) for job in jobs)
        assert len({job["metadata"]["name"] for job in jobs}) == 6
        seen = [(job["spec"]["schedule"], job["spec"]["timeZone"]) for job in jobs[:3]]
        assert seen == [
            ("*/15 * * * *", "Etc/UTC"),
            ("30 2 * * 1,2,3,4,5", "Europe/Berlin"),
            ("0 3 1,15 JAN-jun/2 0", "Etc/UTC"),
        ]
        commands = [self.container(job)["command"] for job in jobs]
        assert commands[0] == ["mvc", "refresh", "--schedule=quarter"]
        assert commands[4] == ["mvc", "refresh", "--due", "--schedule=promise"]
        assert self.expanded(commands[5][-1]) == f"--schedule={HOSTILE}"

    def expanded(self, word):
        """As the kubelet does it (third_party/forked/golang/expansion): what it knows is the URL of the database."""
        return re.sub(r"\$(\$|\([^)]*\))", lambda found: "$" if found.group(1) == "$" else "SECRET", word)

    def container(self, job):
        (found,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        return found


class TestGithub:
    def test_asks_in_utc(self, compiled):
        ((name, text),) = KINDS["github"](compiled).items()
        assert name == ".github/workflows/refresh.yml"
        workflow = yaml.safe_load(text.replace("\non:", "\n'on':"))
        lines = [item["cron"] for item in workflow["on"]["schedule"]]
        assert lines == ["*/15 * * * *", "0,15,30,45 * * * *", "0 3 1,15 JAN-jun/2 0", "4-59/5 * * * *", "0 * * * *"]
        assert workflow["permissions"] == {"contents": "read"}  # for the checkout; else a token may write by default
        assert workflow["jobs"]["refresh"]["steps"][-1]["run"] == "mvc refresh --due"
        assert workflow["jobs"]["refresh"]["steps"][-1]["env"] == {"DATABASE_URL": "${{ secrets.DATABASE_URL }}"}


class TestAirflow:
    def test_compiles_and_says_what_runs(self, compiled):
        (text,) = KINDS["airflow"](compiled).values()
        tree = ast.parse(text)
        rows = next(
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and node.targets[0].id == "SCHEDULES"
        )
        assert 'bash_command=f"{command} ",' in text  # a name may end in .sh, which Airflow takes for a file to be read
        assert rows[1] == (
            "mvc-my-shop-nightly-in-berlin",
            "30 2 * * 1,2,3,4,5",
            "Europe/Berlin",
            "mvc refresh '--schedule=nightly in Berlin'",
        )
        assert rows[2][3] == "mvc refresh '--schedule=either day'"
        assert rows[3][3] == "mvc refresh --due '--schedule=odd Mondays'"  # Airflow would take a day or a Monday
        assert rows[4][1:] == ("*/3 * * * *", "UTC", "mvc refresh --due --schedule=promise")
        assert "{%" not in rows[5][3].replace("'{%'", "")

    @pytest.mark.parametrize("project", ["coding: utf-7", "-*- coding=utf-7 -*-"])
    def test_no_name_says_how_the_module_is_encoded(self, project):
        """Python believes a comment in the first two lines, and in UTF-7 a name of letters and signs ends the text that it stands in."""
        name = "a+ACI-),]+AAo-raise SystemExit+AAo-z=[(+ACI-"
        listed = json.dumps({"schedules": [{"schedule": name, "refresh": "all", "every": "0 3 * * *"}]})
        files = {**SHOP, "mvc.yml": f'project: "{project}"\ncatalog: s.sql\n', "schedules/s.yml": listed}
        (text,) = KINDS["airflow"](mvc.compile(mvc.load(files))).values()
        assert ast.dump(ast.parse(text.encode())) == ast.dump(ast.parse(text))
        assert "SystemExit" not in {
            node.id for node in ast.walk(ast.parse(text.encode())) if isinstance(node, ast.Name)
        }


def github_crons(*lines):
    schedules = [{"schedule": line, "refresh": "all", "every": line} for line in lines]
    target = mvc.compile(mvc.load({**SHOP, "schedules/s.yml": json.dumps({"schedules": schedules})}))
    (text,) = KINDS["github"](target).values()
    return [item["cron"] for item in yaml.safe_load(text)[True]["schedule"]]


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("* * * * *", "4-59/5 * * * *"),
        ("*/2 8-18 * * 1-5", "4-59/5 8-18 * * 1,2,3,4,5"),
        ("0,3 2 * * *", "4-59/5 2 * * *"),
        ("1,58 1-2 * * *", "4-59/5 1-2 * * *"),
        ("1,58 23,0 * * *", "4-59/5 23,0 * * *"),
        ("1,58 3 * * *", "1,58 3 * * *"),
        ("1,58 3,5 * * *", "1,58 3,5 * * *"),
        ("*/5 * * * *", "*/5 * * * *"),
        ("59 * * * *", "59 * * * *"),
    ],
)
def test_github_starts_nothing_within_five_minutes(line, asked):
    assert github_crons(line) == [asked]


def test_github_asks_once_for_all_that_come_too_often():
    assert github_crons("* * * * *", "*/2 * * * *", "*/3 * * * *") == ["4-59/5 * * * *"]


def test_cron(compiled):
    (text,) = KINDS["cron"](compiled).values()
    assert text.splitlines()[-1] == "* * * * * mvc --project /srv/my-shop refresh --due"


def test_sunday_is_zero(compiled):
    assert portable_line(schedule(compiled, "either day")).endswith(" 0")


def test_pg_cron_of_another_database(compiled):
    first, *_ = elsewhere_sql(compiled, Place("shop", "16384", "owner"), "GMT")
    assert first.startswith(
        "SELECT cron.schedule_in_database('mvc:My Shop:quarter@shop', '*/15 * * * *', 'DO LANGUAGE plpgsql "
    )
    assert "CALL mvc.run_schedule(''''My Shop'''', ''''quarter'''', true)" in first
    assert "16384::pg_catalog.oid" in first, "nowhere but in the database of that number"
    assert first.endswith("', 'shop', 'owner')")
