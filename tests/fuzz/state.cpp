// state.json and intent.json: the first byte says which.
#include "../../src/store/codec.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cleat;
    if (size == 0) return 0;
    const auto text = fuzz::text_of(data, size).substr(1);
    const auto round = [](const auto& value, auto decode) {
        if (!value) {
            fuzz::claim_message(value.error().what);
            return;
        }
        const auto written = store::encode(*value);
        const auto again = decode(written);
        fuzz::claim(again.has_value(), "what was read can be read when written anew");
        fuzz::claim(store::encode(*again) == written, "nothing is lost in writing");
    };
    if (data[0] == 's')
        round(store::decode_state(text), store::decode_state);
    else
        round(store::decode_intent(text), store::decode_intent);
    return 0;
}
