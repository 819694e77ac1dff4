"""What the query engine must get right, asked through LiteLLM's own database client.

Runs with the interpreter that has LiteLLM, so nothing of ours is imported here.
Prints one JSON object: the name of every check, and null or what went wrong.
"""

import asyncio
import json
import sys
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

# The database client is generated into another interpreter's packages: it is Any here.
from prisma import Base64, Json, Prisma, errors  # type: ignore[import-not-found]

WHO = {"created_by": "check", "updated_by": "check"}
SOON = timedelta(seconds=20)


def new_name() -> str:
    return f"check-{uuid.uuid4().hex[:8]}"


async def new_budget(db: Any, **fields: object) -> str:
    name = new_name()
    await db.litellm_budgettable.create(data={"budget_id": name, **fields, **WHO})
    return name


async def read_budget(db: Any, name: str) -> Any:
    return await db.litellm_budgettable.find_unique(where={"budget_id": name})


async def raises(kind: type[Exception], call: Awaitable[object]) -> None:
    try:
        await call
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


async def values_survive_a_round_trip(db: Any) -> None:
    when = datetime(2030, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    nested = {
        "text": 'quote " \\ \n \u00e9 \U0001f600',
        "list": [1, 2.5, None, True],
        "a": {"b": {}},
    }
    name = await new_budget(
        db,
        max_budget=0.1,
        tpm_limit=2**53 + 1,
        max_parallel_requests=3,
        budget_reset_at=when,
        model_max_budget=Json(nested),
        allowed_models=["a", "b"],
    )
    found = await read_budget(db, name)
    assert (found.max_budget, found.tpm_limit, found.max_parallel_requests) == (0.1, 2**53 + 1, 3)
    assert (found.budget_reset_at, found.model_max_budget) == (when, nested)
    assert (found.allowed_models, found.rpm_limit) == (["a", "b"], None)
    assert found.created_at.tzinfo is not None


async def bytes_survive_a_round_trip(db: Any) -> None:
    content, name = bytes(range(256)), new_name()
    data = {"skill_id": name, "file_content": Base64.encode(content)}
    await db.litellm_skillstable.create(data=data)
    found = await db.litellm_skillstable.find_unique(where={"skill_id": name})
    assert found.file_content.decode() == content


async def a_json_value_stays_json(db: Any) -> None:
    token = new_name()
    keys = db.litellm_verificationtoken
    await keys.create(data={"token": token, "metadata": Json({"a": 1})})
    await keys.update(where={"token": token}, data={"metadata": Json({"b": "2"})})
    query = """SELECT jsonb_typeof(metadata) AS type, metadata ->> 'b' AS b
               FROM "LiteLLM_VerificationToken" WHERE token = $1"""
    assert await db.query_raw(query, token) == [{"type": "object", "b": "2"}]


async def relations_are_written_and_included(db: Any) -> None:
    name = new_name()
    budget = {"budget_id": name, "model_max_budget": Json({"x": 1}), **WHO}
    keys = db.litellm_verificationtoken
    await keys.create(data={"token": name, "litellm_budget_table": {"create": budget}})
    found = await keys.find_unique(where={"token": name}, include={"litellm_budget_table": True})
    assert found.litellm_budget_table.model_max_budget == {"x": 1}


async def nested_relations_are_included(db: Any) -> None:
    name = await new_budget(db)
    await db.litellm_verificationtoken.create(data={"token": name, "budget_id": name})
    found = await db.litellm_budgettable.find_unique(
        where={"budget_id": name},
        include={"keys": {"take": 1, "include": {"litellm_budget_table": True}}},
    )
    assert found.keys[0].litellm_budget_table.budget_id == name


async def filters_order_and_counts(db: Any) -> None:
    prefix, budgets = new_name(), db.litellm_budgettable
    rows = [{"budget_id": f"{prefix}-{n}", "max_budget": n, **WHO} for n in range(5)]
    await budgets.create_many(data=rows)
    either = [{"max_budget": {"gte": 3}}, {"max_budget": None}, {"max_budget": {"in": [0.0]}}]
    where = {"budget_id": {"startswith": prefix}, "OR": either}
    found = await budgets.find_many(where=where, order={"max_budget": "desc"}, take=2)
    assert [row.max_budget for row in found] == [4, 3]
    assert await budgets.count(where=where) == 3
    total = {"max_budget": True}
    groups = await budgets.group_by(["created_by"], where=where, sum=total, count=True)
    assert groups == [{"created_by": "check", "_sum": {"max_budget": 7}, "_count": {"_all": 3}}]


async def upsert_and_increment(db: Any) -> None:
    name = new_name()
    create = {"budget_id": name, "max_budget": 1, **WHO}
    data = {"create": create, "update": {"max_budget": {"increment": 0.5}}}
    for _ in range(3):
        await db.litellm_budgettable.upsert(where={"budget_id": name}, data=data)
    assert (await read_budget(db, name)).max_budget == 2


async def raw_queries_have_python_types(db: Any) -> None:
    query = """SELECT 1 AS i, 2::bigint AS b, 3.0::float8 AS f, 4.5::numeric AS n, true AS t,
        'x' AS s, NULL AS z, 'y'::name AS c, ARRAY['a','b'] AS l, '{"k": [1]}'::jsonb AS j,
        TIMESTAMP '2030-01-02 03:04:05' AS d, $1::text AS p, $2::int AS q"""
    [row] = await db.query_raw(query, "p'\"", 7)
    assert row.pop("d").startswith("2030-01-02T03:04:05")
    expected = {"i": 1, "b": 2, "f": 3.0, "n": 4.5, "t": True, "s": "x", "z": None, "c": "y"}
    assert row == {**expected, "l": ["a", "b"], "j": {"k": [1]}, "p": "p'\"", "q": 7}
    assert (type(row["f"]), type(row["b"])) == (float, int)


async def raw_parameters_may_be_lists(db: Any) -> None:
    found = await db.query_raw("SELECT 'b' = ANY($1::text[]) AS found", ["a", "b"])
    assert found == [{"found": True}]
    name = await new_budget(db)
    change = """UPDATE "LiteLLM_BudgetTable" SET updated_by = 'x' WHERE budget_id = ANY($1)"""
    assert await db.execute_raw(change, [name]) == 1


async def a_transaction_commits_or_rolls_back(db: Any) -> None:
    kept, dropped = new_name(), new_name()
    budgets = db.litellm_budgettable
    async with db.tx() as transaction:
        await transaction.litellm_budgettable.create(data={"budget_id": kept, **WHO})
        assert await budgets.count(where={"budget_id": kept}) == 0

    async def change_ones_mind() -> None:
        async with db.tx() as transaction:
            await transaction.litellm_budgettable.create(data={"budget_id": dropped, **WHO})
            raise KeyError

    await raises(KeyError, change_ones_mind())
    assert [await budgets.count(where={"budget_id": name}) for name in (kept, dropped)] == [1, 0]


async def a_transaction_expires(db: Any) -> None:
    async def linger() -> None:
        async with db.tx(timeout=timedelta(milliseconds=200)) as transaction:
            await asyncio.sleep(0.5)
            await transaction.litellm_budgettable.count()

    await raises(errors.TransactionExpiredError, linger())


async def a_batch_is_all_or_nothing(db: Any) -> None:
    name, other = new_name(), new_name()
    change = 'UPDATE "LiteLLM_BudgetTable" SET soft_budget = 4 WHERE budget_id = $1'
    async with db.batch_() as batch:
        batch.litellm_budgettable.create(data={"budget_id": name, **WHO})
        batch.litellm_budgettable.update(where={"budget_id": name}, data={"max_budget": 5})
        batch.execute_raw(change, name)
    found = await read_budget(db, name)
    assert (found.max_budget, found.soft_budget) == (5, 4)
    batch = db.batch_()
    batch.litellm_budgettable.create(data={"budget_id": other, **WHO})
    batch.litellm_budgettable.create(data={"budget_id": name, **WHO})
    await raises(errors.UniqueViolationError, batch.commit())
    assert await read_budget(db, other) is None


async def errors_have_their_class(db: Any) -> None:
    name, budgets = await new_budget(db), db.litellm_budgettable
    await raises(errors.UniqueViolationError, budgets.create(data={"budget_id": name, **WHO}))
    orphan = {"token": name, "budget_id": "none"}
    orphaned = db.litellm_verificationtoken.create(data=orphan)
    await raises(errors.ForeignKeyViolationError, orphaned)
    await raises(errors.RawQueryError, db.query_raw("SELECT nothing"))
    await raises(errors.FieldNotFoundError, budgets.find_first(where={"nothing": 1}))
    await raises(errors.MissingRequiredValueError, budgets.create(data={}))
    assert await budgets.update(where={"budget_id": "none"}, data={"max_budget": 1}) is None
    assert await budgets.delete(where={"budget_id": "none"}) is None


async def a_hundred_queries_at_once(db: Any) -> None:
    name = await new_budget(db, max_budget=0)
    change = {"where": {"budget_id": name}, "data": {"max_budget": {"increment": 1}}}

    async def add_one(number: int) -> None:
        if number % 5:
            await db.litellm_budgettable.update(**change)
        else:
            async with db.tx(max_wait=SOON, timeout=SOON) as transaction:
                await transaction.litellm_budgettable.update(**change)

    await asyncio.gather(*map(add_one, range(100)))
    assert (await read_budget(db, name)).max_budget == 100


CHECKS: list[Callable[[Any], Awaitable[None]]] = [
    values_survive_a_round_trip,
    bytes_survive_a_round_trip,
    a_json_value_stays_json,
    relations_are_written_and_included,
    nested_relations_are_included,
    filters_order_and_counts,
    upsert_and_increment,
    raw_queries_have_python_types,
    raw_parameters_may_be_lists,
    a_transaction_commits_or_rolls_back,
    a_transaction_expires,
    a_batch_is_all_or_nothing,
    errors_have_their_class,
    a_hundred_queries_at_once,
]


async def main() -> None:
    results: dict[str, str | None] = {}
    async with Prisma() as db:
        for check in CHECKS:
            try:
                await check(db)
                results[check.__name__] = None
            except Exception as error:  # noqa: BLE001  (whatever it is, the test shows it)
                results[check.__name__] = f"{type(error).__name__}: {error}"
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
