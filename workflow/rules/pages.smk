# One rule a page and cohort, then the rendered book.


def files_read(planned):
    """Results that a page reads, a ``*`` for every cohort of the study."""
    names = [name.replace("*", cohort) for name in planned.page.reads for cohort in (COHORTS if "*" in name else [""])]
    return [result_path(planned.cohort, name) for name in names]


def stored_read(planned):
    """Tables of the manifest that the page's source names; no rule makes them, so that no book run trains for hours."""
    source = (STUDY.root / "notebooks" / f"{planned.page.name}.py").read_text(encoding="utf-8")
    kept = STUDY.root / "data_manifest"
    return [path for path in sorted([*kept.glob("*.csv"), *kept.glob("stored/*.csv")]) if path.name in source]


for planned in PLAN:

    rule:
        name:
            page_rule(planned.page.name, planned.cohort)
        input:
            STUDY.root / "notebooks" / f"{planned.page.name}.py",
            description_path(SPECS[planned.cohort]),
            files_read(planned),
            stored_read(planned),
            code_of_page(STUDY.root / "notebooks" / f"{planned.page.name}.py"),
        output:
            executed_path(STUDY, planned.page, planned.cohort),
            [RESULTS / planned.cohort / name for name in planned.page.writes],
        params:
            parameters=planned.parameters,
            page=planned.page.name,
            cohort=planned.cohort,
        shell:
            "mvi run {params.page} --cohort {params.cohort}"


rule report:
    """Numbers of every page in one file, and the card of each trained model."""
    input:
        [executed_path(STUDY, item.page, item.cohort) for item in PLAN if "../report.json" not in item.page.reads],
        STUDY.root / "data_manifest/checklists/model_cards.yaml",
        code_of("report"),
    output:
        RESULTS / "report.json",
    shell:
        "mvi step report"


rule summary:
    """Figure and table of verdicts of the first page."""
    input:
        rules.report.output,
        STUDY.root / "data_manifest/paper_values.csv",
        code_of("summary"),
    output:
        RESULTS / "summary.csv",
        RESULTS / "verdicts.csv",
        STUDY.executed / "summary.png",
        STUDY.executed / "first.md",
    shell:
        "mvi step summary"


rule contents:
    """Table of contents and Data page: what the book holds, what is left out and why."""
    input:
        STUDY.root / "config/pages.yaml",
        STUDY.root / "data_manifest/cohorts",
        code_of("contents"),
    output:
        STUDY.work / "book/_toc.yml",
        STUDY.executed / "data.md",
    params:
        plan=[(item.page.name, item.cohort, item.reason) for item in plan(STUDY)],
    shell:
        "mvi step contents"


rule design:
    """The package's layers, drawn from its imports."""
    input:
        STUDY.root / "pyproject.toml",
        sorted((STUDY.root / "mvi_core").rglob("*.py")),
        STUDY.root / "workflow/design.py",
    output:
        STUDY.root / "book/_static/figures/design.svg",
    shell:
        "python workflow/design.py {output}"


rule html:
    """The rendered book."""
    input:
        [executed_path(STUDY, item.page, item.cohort) for item in PLAN],
        rules.report.output,
        rules.summary.output,
        rules.contents.output,
        rules.design.output,
        STUDY.root / "_config.yml",
        STUDY.root / "CONTRIBUTING.md",
        STUDY.root / "CHANGELOG.md",
        STUDY.root / "CITATION.cff",
        sorted((STUDY.root / "book").glob("*.md")),
        sorted((STUDY.root / "book").glob("*.bib")),
        sorted(path for path in (STUDY.root / "book/_static").rglob("*") if path.is_file()),
    output:
        STUDY.root / "_build/html/index.html",
    shell:
        "mvi step html"
