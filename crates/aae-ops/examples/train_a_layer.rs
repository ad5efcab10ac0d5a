//! Learns the exclusive or with two fused layers and Adam.
#![allow(clippy::print_stdout)] // An example talks to whoever runs it.

use aae_ops::optim::{AdamConfig, Optimizer};
use aae_ops::stream::{standard_normal, stream};
use aae_ops::{Activation, Linear, Param, backward, loss, sequential};
use candle_core::{Device, Result, Tensor};

fn layer(name: &str, inputs: usize, outputs: usize, activation: Activation) -> Result<Linear> {
    let draws = standard_normal(inputs * outputs, &mut stream(0, name, 0));
    let weight = Param::new(
        format!("{name}.weight"),
        &Tensor::from_vec(draws, (outputs, inputs), &Device::Cpu)?,
    )?;
    let bias = Param::new(
        format!("{name}.bias"),
        &Tensor::new(vec![0f32; outputs], &Device::Cpu)?,
    )?;
    Linear::new(weight, bias, activation)
}

fn main() -> Result<()> {
    let layers = [
        layer("hidden", 2, 8, Activation::Tanh)?,
        layer("output", 8, 1, Activation::None)?,
    ];
    let params: Vec<Param> = layers.iter().flat_map(Linear::params).collect();
    let mut optimizer = Optimizer::adam(AdamConfig::default(), &params)?;

    let x = Tensor::new(&[[0f32, 0.], [0., 1.], [1., 0.], [1., 1.]], &Device::Cpu)?;
    let target = Tensor::new(&[[0f32], [1.], [1.], [0.]], &Device::Cpu)?;
    for step in 0..=300 {
        let loss = loss::bce_with_logits(&sequential(&layers, &x)?, &target, 0.25)?;
        if step % 100 == 0 {
            println!("step {step}: loss {:.4}", loss.to_scalar::<f32>()?);
        }
        backward(&loss, &params)?;
        optimizer.step(&params, 0.05, 1.0)?;
    }
    Ok(())
}
