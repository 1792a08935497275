from flowkit import step, workflow


class Shop:
    @step
    def price(self, item: str, *, currency: str) -> float:
        return float(len(item + currency))

    @step
    @staticmethod
    def round_up(amount: float) -> int:
        return int(amount) + 1


shop = Shop()


@workflow
def report(item: str) -> list[int]:
    return [shop.round_up(shop.price(item)), shop.round_up(shop.price(item, "EUR", currency="EUR")), Shop.round_up()]


ARGUMENTS = ("book",)
