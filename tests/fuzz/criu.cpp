// What CRIU answers, and the mounts of the container that it is told about: the first byte says
// which.
#include "../../src/lifecycle/criu_messages.hpp"
#include "../../src/lifecycle/criu_mounts.hpp"
#include "../unit/plan/sample.hpp"
#include "cleat/plan/plan.hpp"
#include "fuzz.hpp"

namespace {

using namespace cleat;

void answer(std::string_view bytes) {
    const auto response = lifecycle::read_criu_response(bytes);
    if (!response) {
        fuzz::claim_message(response.error().what);
        return;
    }
    fuzz::claim(response->type != 0, "an answer has a type");
    fuzz::claim(response->message.size() <= bytes.size() && response->script.size() <= bytes.size(),
                "what is read was there");
}

/// Names that the container chose are bytes like any others in what CRIU is sent.
void request(std::string_view bytes) {
    const auto half = bytes.size() / 2;
    lifecycle::CriuOpts options;
    options.pair(lifecycle::CriuField::ExtMnt, bytes.substr(0, half), bytes.substr(half));
    const auto message = std::move(options).request(lifecycle::CriuRequest::Dump);
    protobuf::Reader outer(message);
    fuzz::claim(outer.next() && outer.field() == 1 && outer.next() && outer.field() == 2,
                "a request is its kind and its options");
    protobuf::Reader inner(outer.bytes());
    fuzz::claim(inner.next() && inner.field() == 23, "the options have the mount");
    protobuf::Reader pair(inner.bytes());
    fuzz::claim(pair.next() && pair.bytes() == bytes.substr(0, half), "its first name");
    fuzz::claim(pair.next() && pair.bytes() == bytes.substr(half), "its second name");
    fuzz::claim(!pair.next() && !inner.next() && !outer.next() && !outer.damaged(), "nothing else");
}

void mounts(std::string_view mountinfo) {
    static const auto plan = plan::compile(plan::sample::engine_like(), plan::sample::hybrid_host(),
                                           plan::sample::options());
    fuzz::claim(plan.has_value(), "the sample has a plan");
    for (const auto& [key, name] : lifecycle::external_mounts(mountinfo, *plan))
        fuzz::claim(name == key || name == "/dev/null", "a mount's name is its place");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto text = fuzz::text_of(data, size).substr(1);
    if (data[0] == 'm') {
        mounts(text);
    } else {
        answer(text);
        request(text);
    }
    return 0;
}
