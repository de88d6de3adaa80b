"""The kitchen: doughs and batches are made as the plan says, as far as their ingredients are there.

A batch of which nothing can be made is written down as cancelled at once, one that falls short when it is finished with
what it gave, and what was begun in vain as waste of its ingredients. What is not written down: a batch that gives a
piece more, and three in ten of those that give a few less.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from bakery_assets.demo.world.house import MAIN, Item
from bakery_assets.demo.world.premises import Premises
from bakery_assets.demo.world.work import Job, Plan, PlannedBatch, Taken, steps

FAILS = 0.006  # share of batches that fail, and are written down
FALLS_SHORT, GIVES_MORE = 0.06, 0.02  # shares of batches that give a few pieces less, or one more
WRITES_SHORT_DOWN = 0.7  # of those that fall short; the others are not reported
WRITTEN_AFTER = timedelta(minutes=10)
FIRST_OF_INSTANT = 0


class Kitchen:
    """Bakers at work by the plan that they read last."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._begins = premises.now
        self._jobs: dict[tuple[date, str], Job] = {}
        self._plan_number = 0
        self.counted_at = premises.now
        self.batches_made = 0

    def read_plan(self, plan: Plan) -> None:
        """Work by a plan from now on: what is begun stays, everything else is done as the new plan says."""
        self._plan_number += 1
        planned = {(batch.schedule_date, batch.batch_number): batch for batch in plan.batches}
        for key, job in list(self._jobs.items()):
            if job.is_over or key[0] < plan.plan_date:
                continue
            if not job.is_begun:
                del self._jobs[key]
            elif planned.get(key) != job.batch:
                became = planned.get(key)
                self._premises.trouble("restarted", key[0], job.batch.product_id,
                                       f"batch {key[1]}: {job.batch} became {became}")  # fmt: skip
                self._premises.reported.write(job.batch, 0.0, 0.0)
                del self._jobs[key]
        for key, batch in planned.items():
            if key not in self._jobs:
                self._take_on(plan, batch)

    def _take_on(self, plan: Plan, batch: PlannedBatch) -> None:
        """Do a batch's steps when they are due; a dough that was due before the plan came is begun at once."""
        job = Job(batch)
        self._jobs[batch.schedule_date, batch.batch_number] = job
        for at, needs in steps(self._premises.bakery, batch).items():
            if self._begins <= at < plan.published_at:
                detail = f"batch {batch.batch_number}: work was due {plan.published_at - at} before the plan came"
                self._premises.trouble("begun_too_late", batch.schedule_date, batch.product_id, detail)
            self._premises.do(max(at, plan.published_at), self._step(job, needs, self._plan_number))
        self._premises.do(batch.end_at, self._end(job, self._plan_number), FIRST_OF_INSTANT)

    def _holds(self, job: Job, plan_number: int) -> bool:
        """Whether a step that a plan asked for is still to be done: plans since then have kept its batch."""
        key = job.batch.schedule_date, job.batch.batch_number
        return self._jobs.get(key) is job and not job.is_over and (job.is_begun or plan_number == self._plan_number)

    def _step(self, job: Job, needs: dict[str, float], plan_number: int) -> Callable[[], None]:
        def act() -> None:
            if not self._holds(job, plan_number):
                return
            job.is_begun = True
            house, now = self._premises.house, self._premises.now
            for name, quantity in needs.items():
                there = house.held(Item("ingredient", name), MAIN)
                if there < quantity * job.share - 1e-6:
                    job.share = there / quantity
                    job.missing.add(name)
            self._premises.reported.begin(job.batch, needs, now)
            if not job.most:
                job.is_over = True
                self._write_shortage_down(job)
                return
            for name, quantity in needs.items():
                taken = house.take("used", MAIN, Item("ingredient", name), quantity * job.share)
                job.taken.append(Taken(now, name, taken, quantity))

        return act

    def _end(self, job: Job, plan_number: int) -> Callable[[], None]:
        def act() -> None:
            if not self._holds(job, plan_number):
                return
            job.is_over = True
            self.batches_made += 1
            self._come_out(job)

        return act

    def _come_out(self, job: Job) -> None:
        """What a batch gives: as planned, a few pieces less, one more, nothing; or what its ingredients were for."""
        premises, batch = self._premises, job.batch
        dice = premises.dice("batch", batch.batch_number, batch.schedule_date.isoformat())
        chance, made = dice.random(), job.most
        premises.reported.come_out(batch, premises.now)
        if job.missing:
            self._write_shortage_down(job)
        elif chance < FAILS:
            made = 0
            self._write_down(batch, 0.0, batch.quantity, "burnt")
        elif chance < FAILS + FALLS_SHORT:
            made -= min(made, 1 + int(dice.integers(0, max(1, made // 30) + 1)))
            if dice.random() < WRITES_SHORT_DOWN:
                self._write_down(batch, made, job.most - made, "misshapen")
        elif chance < FAILS + FALLS_SHORT + GIVES_MORE:
            made += 1
        last_day = batch.schedule_date + timedelta(days=premises.bakery.products[batch.product_id].life - 1)
        item, lot_id = Item("product", batch.product_id), f"baked {batch.schedule_date}"
        premises.house.put("baked", MAIN, item, lot_id, made, last_day, premises.now)
        self._say_whether_it_is_late(batch)

    def _write_shortage_down(self, job: Job) -> None:
        names, batch, known = ", ".join(sorted(job.missing)), job.batch, self._premises.now + WRITTEN_AFTER
        detail = f"batch {batch.batch_number}: {job.most} of {batch.quantity:.0f} made, not enough {names}"
        self._premises.trouble("short_of_ingredients", batch.schedule_date, batch.product_id, detail, job.missing)
        self._write_down(batch, job.most, 0.0, f"not enough {names}")
        day = self._premises.day_of(known)
        closed = self._premises.at(day, self._premises.bakery.trade.closes)
        for number, each in enumerate(job.taken, start=1):
            of_a_piece = each.whole / batch.quantity
            in_vain = round(each.quantity - of_a_piece * job.most, 6)
            # What is left of less than a piece is not written down, and what was gone before the count was counted.
            if in_vain > of_a_piece and each.at > self.counted_at:
                item = Item("ingredient", each.ingredient_id)
                waste_id = f"{batch.batch_number}-{number}-{each.ingredient_id}"
                self._premises.records.thrown(waste_id, item, day, in_vain, "begun in vain", known)
                self._premises.reported.throw(item, day, in_vain, closed)

    def _write_down(self, batch: PlannedBatch, made: float, wasted: float, reason: str) -> None:
        known: datetime = self._premises.now + WRITTEN_AFTER
        self._premises.records.ended(batch, made, wasted, reason, self._premises.now, known)
        self._premises.do(known, lambda: self._premises.reported.write(batch, made, wasted))

    def _say_whether_it_is_late(self, batch: PlannedBatch) -> None:
        opens = self._premises.at(batch.schedule_date, self._premises.bakery.trade.opens)
        if self._premises.now > opens:
            late = (self._premises.now - opens).total_seconds() / 60
            detail = f"batch {batch.batch_number}: {batch.quantity:.0f} came {late:.0f} minutes after opening"
            self._premises.trouble("not_ready", batch.schedule_date, batch.product_id, detail)
